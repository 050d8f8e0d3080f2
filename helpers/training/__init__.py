"""A student learns: LoRA with TRL, or all weights with FSDP.

Models and text
  model_folders   where a model's files are, or come from
  student         load a model, its tokenizer, an adapter; adapter_config checks the adapter
  weights         the tensors of a folder, one at a time
  tokens          text to token ids; time_limit bounds a slow tokenizer
  encoding        rows to ids and response mask, batches, the loss
  answering       a model's answers to rows

Training
  lora            LoRA, from rows to adapter; adapter_base notes which model it belongs to
  trl_trainer     TRL's trainer with our rows, batches and loss
  fsdp            full fine-tuning, sharded over processes
  shards          a model in slices: load, save, gather
  schedule        which rows an update takes, and its learning rate
  launch          start the processes and watch them
  checkpoints     resume only the training that wrote the checkpoint
  finite          stop at NaN and infinity
  meter           tokens, seconds and memory
"""
