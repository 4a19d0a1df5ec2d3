#!/usr/bin/env bash
# Makes the captures quic_*.pcapng of this directory anew: it needs root (dumpcap on lo), Go with a module
# proxy (quicpeer is of quic-go), and chromium. Run it here, after make.sh. What CI reads are the files.
#
#   make_quic.sh [NAME…]    only these
set -euo pipefail
port=19443
only=" $* "
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
cp quicpeer/main.go "$build"
(cd "$build" && go mod init quicpeer && go get github.com/quic-go/quic-go@v0.65.0 && go mod tidy && go build -o quicpeer .) >/dev/null 2>&1
peer=$build/quicpeer

# capture NAME SERVER-COMMAND CLIENT-COMMAND: both run while dumpcap does; 
capture() {
	local name=quic_$1 server=$2 client=$3
	[ "$only" = "  " ] || [[ $only == *" $1 "* ]] || return 0
	rm -f "$name.log"
	dumpcap -q -i lo -f "udp port $port" -w "$name.pcapng.new" >/dev/null 2>&1 &
	local dump=$! srv=
	sleep 1
	bash -c "exec $server" >/dev/null 2>&1 &
	srv=$!
	for _ in $(seq 50); do ss -lun | grep -q ":$port " && break; sleep 0.1; done
	timeout -k 1 12 bash -c "$client" >/dev/null 2>&1 || true
	sleep 0.5
	kill $srv 2>/dev/null || true
	wait $srv 2>/dev/null || true
	sleep 1
	kill -INT $dump
	wait $dump || true
	mv "$name.pcapng.new" "$name.pcapng"
	echo "$name: $(stat -c %s "$name.pcapng") bytes"
}

# browse SECONDS: Chromium asks for a page that is to come over QUIC. --dump-dom alone would wait for the
# page to load, so it is killed after that long.
spki=$(openssl x509 -in ecdsa.pem -pubkey -noout | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)
browse() {
	echo "timeout -k 1 $1 chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --user-data-dir=$build/profile.\$\$ \
--enable-quic --origin-to-force-quic-on=quic.lab.test:$port --host-resolver-rules='MAP quic.lab.test 127.0.0.1' --ignore-certificate-errors-spki-list=$spki \
--dump-dom https://quic.lab.test:$port/"
}

# A port that takes everything and says nothing: a closed one would send ICMP, and Chromium give up at once.
silent="python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((\"127.0.0.1\", $port)); [s.recv(4096) for _ in iter(int, 1)]'"
capture chromium "$silent" "$(browse 4)"
capture chromium_answered "$peer -server" "$(browse 6)"
capture v1 "$peer -server" "$peer -keylog quic_v1.log"
capture v2 "$peer -server -version 2" "$peer -version 2"
capture retry "$peer -server -retry" "$peer"
capture hrr "$peer -server -group 24" "$peer"
capture versions "$peer -server -version 2" "$peer"
capture no_alpn "$peer -server" "$peer -alpn nothing/1"
capture refused "$peer -server -refuse" "$peer -show"
