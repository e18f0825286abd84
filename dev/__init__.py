"""What developers of OpenIndicators run on their own machines; no part of the product.

May import the product; the product must never import it, and it imports nothing from tests
(`make lint` holds both).
"""
