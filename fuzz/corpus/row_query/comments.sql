DELETE FROM t -- all
WHERE a /* or */ = 'x' -- and
'y' -- more