MERGE INTO app.order_items t USING app.users u ON t.order_id = u.id WHEN MATCHED THEN DELETE
