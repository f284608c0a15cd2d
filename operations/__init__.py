"""What a document means: parsed, validated, priced and run, without a transport."""
