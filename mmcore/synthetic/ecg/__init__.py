"""ECGs drawn from waves, and edited beats of recorded ones."""
