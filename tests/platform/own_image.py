"""An image of one's own that nobody has to build: busybox, with a command that answers a handshake."""

SERVING = ["sh", "-c", "mkdir -p /tmp/w/socket.io && echo 0 > /tmp/w/socket.io/index.html && exec httpd -f -p $PORT -h /tmp/w"]
