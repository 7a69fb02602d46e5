-- What the story waits for.

-- name: unsent_mails
SELECT count(*) FROM deliveries WHERE channel = 'email' AND state IN ('PENDING', 'SENDING');

-- name: count_products
SELECT count(*) FROM products;
