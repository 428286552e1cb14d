"""A proxy that ends some answers too early, as a bad network does."""
import contextlib
import socket
import threading


class CuttingProxy:
    """Passes requests on, one connection each, and cuts the first large answers short."""

    def __init__(self, port, cut_after, cuts):
        self.port_behind = port
        self.cut_after = cut_after
        self.cuts_left = cuts
        self.ranges = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, contextlib.suppress(OSError):
            request = read_head(client)
            if not request:
                return
            lines = request.split(b"\r\n")
            self.ranges += [line.split(b":")[1].strip().decode() for line in lines
                            if line.lower().startswith(b"range:")]
            kept = [line for line in lines if not line.lower().startswith(b"connection:")]
            with socket.create_connection(("127.0.0.1", self.port_behind)) as hub:
                # Only requests without a body come by here.
                hub.sendall(b"\r\n".join([kept[0], b"Connection: close", *kept[1:]]) + b"\r\n\r\n")
                sent = 0
                while piece := hub.recv(65536):
                    sent += len(piece)
                    if sent > self.cut_after:
                        with self.lock:
                            is_cut = self.cuts_left > 0
                            self.cuts_left -= is_cut
                        if is_cut:
                            client.sendall(piece[:1000])
                            return
                    client.sendall(piece)


def read_head(client):
    """The lines before a body, without the empty one."""
    text = b""
    while b"\r\n\r\n" not in text:
        piece = client.recv(65536)
        if not piece:
            return b""
        text += piece
    return text.split(b"\r\n\r\n")[0]
