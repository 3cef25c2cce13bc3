"""LitServe with the network: ``python litserve_app.py PORT BATCH``."""

from __future__ import annotations

import sys

import litserve
from onnx_rows import Network, answer


class Rows(litserve.LitAPI):
    """A row as JSON; with batching, rows of several requests at once."""

    def setup(self, device):
        """Load the network."""
        self.network = Network()

    def decode_request(self, request):
        """Take the row as it is."""
        return request

    def batch(self, inputs):
        """Take rows together."""
        return inputs

    def unbatch(self, output):
        """Take them apart."""
        return list(output)

    def predict(self, x):
        """Return probabilities of a row, or of several."""
        if isinstance(x, list):
            return self.network.predict(x).tolist()
        return self.network.predict([x])[0].tolist()

    def encode_response(self, output):
        """Return the answer."""
        return answer(output)


if __name__ == "__main__":
    size = int(sys.argv[2])
    api = Rows(max_batch_size=size, batch_timeout=0.001 if size > 1 else 0.0)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, fast_queue=True)
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        num_api_servers=1,
        log_level="error",
        generate_client_file=False,
        access_log=False,
    )
