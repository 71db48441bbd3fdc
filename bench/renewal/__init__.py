"""A text classifier that learned films meets tweets: through the product, from the drift to the candidate's figures."""
