"""The worker: claims slots, holds thousands of model calls in flight, settles their results, looks after the house."""
