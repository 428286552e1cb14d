"""What schemathesis has to be told: lines of JSON are text."""
import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines(ctx, value):
    return str(value).encode("utf-8", "surrogatepass") if not isinstance(value, bytes) else value
