COPY app.users TO STDOUT
