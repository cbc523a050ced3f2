"""What the vendor's OpenAPI documents say: operations, and how values must look.

``contract`` finds the operation of a request; ``schemas`` reads and fills up values by a schema;
``validation`` says what is wrong with one.
"""
