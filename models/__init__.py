"""What is stored: Tortoise models, migrations and the connections to PostgreSQL."""
