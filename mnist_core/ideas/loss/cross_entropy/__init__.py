"""From logits to loss: softmax, cross-entropy, binary cross-entropy."""
