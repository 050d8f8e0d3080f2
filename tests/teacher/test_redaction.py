"""Keys are removed from texts, in every form, and from the environment of child processes."""

import base64

from helpers.teacher.redaction import hide, without_keys


def test_a_key_is_hidden_in_full_in_part_and_encoded():
    key = "sk-proj-Ab12Cd34Ef56Gh78Ij90+/Kl"
    for quoted in (
        key, key[:-4], key[5:], key[:14] + "****" + key[-9:],
        base64.b64encode(key.encode()).decode(),
        base64.b64encode(f"user:{key}".encode()).decode()[8:-2],
        base64.urlsafe_b64encode(f"ab{key}".encode()).decode(),
        key.encode().hex(), key.replace("+", "%2B").replace("/", "%2F"),
    ):  # fmt: skip
        shown = hide(f"Incorrect key: {quoted}.", key)
        assert shown.startswith("Incorrect key: ") and "…" in shown
        assert not any(quoted[i : i + 8] in shown for i in range(len(quoted) - 7))
    without = "Nothing of the key is here, not even 'sk-'."
    assert hide(without, key) == without
    assert hide("x is the key x; max stays", "x") == "… is the key …; max stays"
    assert hide("unchanged", "") == "unchanged"


def test_an_environment_without_keys_keeps_what_a_training_process_needs():
    given = {
        "PATH": "/bin", "HOME": "/home/me", "TOKENIZERS_PARALLELISM": "false", "TZ": "Asia/Seoul",
        "LANG": "ko_KR.UTF-8", "CUDA_VISIBLE_DEVICES": "0", "PWD": "/work", "HF_HOME": "/data",
        "PYTORCH_CUDA_ALLOC_CONF": "x", "TORCH_CPP_LOG_LEVEL": "ERROR", "ALPACA_PRECISION": "fp32",
        "PYTHONPATH": "/x", "OMP_NUM_THREADS": "1", "NCCL_DEBUG": "INFO", "LC_ALL": "C",
    }  # fmt: skip
    names = (
        "OPENAI_API_KEY HF_TOKEN AWS_SECRET_ACCESS_KEY DB_PASSWORD GITHUB_PAT SENTRY_DSN MYKEY JWT "
        "SSHPASS MYSQL_PWD AUTHORIZATION BEARER OAUTH CREDS VAULT_SECRETID TOKENVALUE SESSIONID "
        "PRIVATE_KEYFILE SSH_AUTH_SOCK HTTP_PROXY SLACK_WEBHOOK TORCH_TOKEN NOTES"
    )
    values = (
        "sk-abc", "hf_abc", "postgres://me:p/w@host/db", "https://TOKEN@host", "x;AccountKey=y",
        "//npm/:_authToken=z", "--api-key=sk-abc", "eyJhbGci.eyJzdWIi.x",
    )  # fmt: skip
    secret = dict.fromkeys(names.split(), "1") | {f"ALPACA_{i}": v for i, v in enumerate(values)}
    assert without_keys(given | secret) == given
