"""From logits to loss: softmax and cross-entropy."""
