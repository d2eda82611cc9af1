# Waits until the app answers, then connects by long polling and by WebSocket like a Socket.IO client, and broadcasts a
# message. For any shell with timeout, wget and nc, for example that of busybox.
endpoint="http://$HOST/socket.io/?EIO=4"
end=$(( $(date +%s) + SECONDS_AT_MOST ))

fail() { echo "FAILED: $*"; exit 1; }
session_of() { sed -n 's/.*"sid":"\([^"]*\)".*/\1/p'; }
get() { timeout 20 wget -q -O - "$endpoint&transport=polling&sid=$sid"; }
post() { timeout 20 wget -q -O - --post-data "$1" "$endpoint&transport=polling&sid=$sid"; }

echo "waiting for $HOST, at most $SECONDS_AT_MOST s"
sid=""
until [ -n "$sid" ]; do
  [ "$(date +%s)" -lt "$end" ] || fail "no handshake in time; see kubectl describe realtimeapp, and the log of the operator"
  sid=$(timeout 5 wget -q -O - "$endpoint&transport=polling" 2>/dev/null | session_of) || true
  [ -n "$sid" ] || sleep 1
done
echo "polling: session opened"

[ "$(post 40)" = ok ] || fail "the app did not accept a packet"
case $(get) in 40*) echo "polling: namespace / joined" ;; *) fail "the app did not accept namespace /" ;; esac
[ "$(post '42["message","hello"]')" = ok ] || fail "the app did not accept a message"
answer=$(get)
[ "$answer" = '42["response","hello"]' ] || fail "unexpected answer to the broadcast: $answer"
echo "polling: broadcast received"
post 1 >/dev/null || true # closes the session; otherwise the app would wait for the next poll

upgrade() {
  printf 'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' "$HOST"
  printf 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  sleep 2
}
answer=$(upgrade | nc -w 5 "$HOST" 80 | head -n 1) || true
case $answer in *" 101 "*) echo "websocket: upgraded (101)" ;; *) fail "no upgrade to WebSocket: $answer" ;; esac
echo PASSED
