"""What it takes to let other people use a model: one file a question.

``probes``      where does it fail people?
``licences``    whose terms hold for it, and may it be sold?
``diff``        how is a tuned model given away without its base?
``upload``      what would leave this machine, and what must never?
"""
