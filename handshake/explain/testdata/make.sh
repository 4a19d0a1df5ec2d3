#!/usr/bin/env bash
# Makes the captures of this directory anew, of real software: it needs root (dumpcap on lo), openssl,
# gnutls-bin, curl, and what each row names. Run it in this directory. What CI reads are the files.
set -euo pipefail
port=19443
[ -e rsa.key ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout rsa.key -out rsa.pem -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
[ -e ecdsa.key ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ecdsa.key -out ecdsa.pem -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
[ -e me.key ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout me.key -out me.pem -days 3650 -subj /CN=me 2>/dev/null

request='GET / HTTP/1.0\r\n\r\n'

# capture NAME SERVER-COMMAND CLIENT-COMMAND: both run while dumpcap does, the client's once the server listens.
capture() {
	local name=$1 server=$2 client=$3
	rm -f "$name.log"
	dumpcap -q -i lo -f "tcp port $port" -w "$name.pcapng.new" >/dev/null 2>&1 &
	local dump=$!
	sleep 1
	bash -c "$server" >/dev/null 2>&1 &
	local srv=$!
	for _ in $(seq 50); do ss -ltn | grep -q ":$port " && break; sleep 0.1; done
	timeout 10 bash -c "$client" >/dev/null 2>&1 || true
	sleep 0.5
	pkill -P $srv 2>/dev/null || true
	kill $srv 2>/dev/null || true
	wait $srv 2>/dev/null || true
	sleep 1
	kill -INT $dump
	wait $dump || true
	mv "$name.pcapng.new" "$name.pcapng"
	echo "$name: $(stat -c %s "$name.pcapng") bytes"
}

s() { echo "exec openssl s_server -accept $port -quiet -www $*"; }
c() { echo "printf '$request' | openssl s_client -quiet -connect localhost:$port $*"; }

capture tls13 "$(s -cert ecdsa.pem -key ecdsa.key)" "$(c -servername localhost -keylogfile tls13.log)"
capture tls13_blind "$(s -cert ecdsa.pem -key ecdsa.key)" "$(c -servername localhost)"
capture retry "$(s -cert ecdsa.pem -key ecdsa.key -groups P-384)" "$(c -groups X25519:P-384 -keylogfile retry.log)"
capture rsa "$(s -cert rsa.pem -key rsa.key -tls1_2 -cipher AES128-SHA256)" "$(c -servername localhost)"
capture dhe "$(s -cert rsa.pem -key rsa.key -tls1_2 -cipher DHE-RSA-AES128-GCM-SHA256)" "$(c -keylogfile dhe.log)"
capture ecdhe "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2)" "$(c -keylogfile ecdhe.log)"
capture resumed12 "$(s -cert rsa.pem -key rsa.key -tls1_2 -cipher AES128-SHA256)" "$(c -sess_out s.tmp); $(c -sess_in s.tmp); rm -f s.tmp"
capture resumed13 "$(s -cert ecdsa.pem -key ecdsa.key)" "$(c -sess_out s.tmp -keylogfile resumed13.log); $(c -sess_in s.tmp -keylogfile resumed13.log); rm -f s.tmp"
capture mutual "$(s -cert ecdsa.pem -key ecdsa.key -Verify 1 -CAfile me.pem)" "$(c -cert me.pem -key me.key -keylogfile mutual.log)"
capture mutual_refused "$(s -cert ecdsa.pem -key ecdsa.key -Verify 1 -CAfile me.pem)" "$(c)"
capture mutual_refused12 "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -Verify 1 -CAfile me.pem)" "$(c)"
capture untrusted "$(s -cert ecdsa.pem -key ecdsa.key)" "curl -s https://localhost:$port/"
capture untrusted12 "$(s -cert ecdsa.pem -key ecdsa.key)" "curl -s --tls-max 1.2 https://localhost:$port/"
capture no_suite "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2)" "$(c -tls1_2 -cipher AES128-SHA)"
capture no_version "$(s -cert ecdsa.pem -key ecdsa.key -tls1_3)" "$(c -tls1_2)"
capture gnutls "exec gnutls-serv --http -q -p $port --x509certfile ecdsa.pem --x509keyfile ecdsa.key" "SSLKEYLOGFILE=gnutls.log curl -s -k https://localhost:$port/"
capture gnutls_client "$(s -cert ecdsa.pem -key ecdsa.key)" "printf '$request' | SSLKEYLOGFILE=gnutls_client.log gnutls-cli --no-ca-verification -p $port localhost"
capture key_update "exec openssl s_server -accept $port -quiet -rev -cert ecdsa.pem -key ecdsa.key" "(sleep 1; echo one; sleep 1; echo K; sleep 1; echo two; sleep 1) | openssl s_client -connect localhost:$port -keylogfile key_update.log"
capture not_tls "exec python3 -m http.server $port --bind 127.0.0.1" "curl -s http://127.0.0.1:$port/rsa.pem"
capture broken_off "exec python3 -c 'import socket; l = socket.create_server((\"127.0.0.1\", $port)); c, _ = l.accept(); c.recv(4096); c.close()'" "openssl s_client -connect 127.0.0.1:$port"

# Several kinds of exchange in one file, as a day's recording has them; of some there is a key log.
mergecap -F pcapng -w kinds.pcapng rsa.pcapng resumed12.pcapng ecdhe.pcapng tls13.pcapng
cat ecdhe.log tls13.log >kinds.log
