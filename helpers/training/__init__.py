"""Train a student: LoRA with TRL, or full fine-tuning with FSDP.

Models and text
  model_folders       find a model: embedded, a folder, or a download of the hub
  student             load a model, its tokenizer, an adapter
  adapter_config      check the configuration of an adapter
  weights             read a model's tensors one at a time
  checksums           compare tensors with recorded checksums
  output_folders      write a new model folder
  token_ids           text to token ids, without control tokens from the text
  time_limit          stop a slow chat template
  encoding            rows to ids and response mask; the loss
  batching            the order of rows, and which are computed together
  prefix_attention    compute the beginning that rows share once
  lora_linear         a linear layer and its adapter as one operation
  answering           a model's answers to rows

Training
  lora                LoRA, from rows to adapter
  adapter_base        record which model an adapter was trained on
  trl_trainer         set up TRL's trainer for encoded rows
  trl_steps           its update in micro-batches and its held-out loss
  fsdp                command line of full fine-tuning, sharded over processes
  fsdp_training       the training that each process runs
  fsdp_steps          one update, and the held-out loss, over all processes
  shards              load, save and gather a model in slices
  schedule            the rows of each update, and its learning rate
  launch              start processes with torchrun and report how they fail
  checkpoints         resume only from checkpoints of the same training
  weight_fingerprint  a short text that identifies a model's weights
  nan_checks          stop at NaN and infinity
  training_record     tokens, seconds and memory
"""
