"""What one output sees of the picture: counted, and measured by gradients."""
