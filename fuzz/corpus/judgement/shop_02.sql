SELECT customer_id, sum(amount) FROM app.orders GROUP BY customer_id HAVING count(*) > 1
