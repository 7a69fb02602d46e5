"""The pages people look at, rendered on the server: the vendor's own, behind a sign-in, and the customers'."""
