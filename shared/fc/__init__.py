"""What aws-lambda-powertools is for Lambda, for Function Compute: events, context, responses."""
