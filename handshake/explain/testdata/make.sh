#!/usr/bin/env bash
# Makes the captures of this directory anew, of real software: all of them, or those that are named.
# It needs root (dumpcap on lo), openssl, gnutls-bin, curl, nginx, chromium, python3 and, for what no
# other server here can do (ML-KEM, compressed certificates), tlslab itself (TLSLAB names it). Run it
# in this directory. What CI reads are the files.
set -euo pipefail
port=19443
wanted=" $* "
tlslab=${TLSLAB:-tlslab}

self() { # NAME KEY-ARGUMENTS SUBJECT EXTENSIONS: a certificate that signs itself
	[ -e "$1.key" ] || openssl req -x509 -newkey $2 -nodes -keyout "$1.key" -out "$1.pem" -days 3650 -subj "$3" $4 2>/dev/null
}
p256='ec -pkeyopt ec_paramgen_curve:P-256'
self rsa rsa:2048 /CN=localhost '-addext subjectAltName=DNS:localhost'
self ecdsa "$p256" /CN=localhost '-addext subjectAltName=DNS:localhost'
self me "$p256" /CN=me ''
self stranger "$p256" /CN=stranger ''
self root "$p256" '/CN=Explain Root' ''

issued() { # NAME SUBJECT EXTENSIONS BY FROM TO: a certificate of another's
	[ -e "$1.key" ] && return
	openssl req -new -newkey $p256 -nodes -keyout "$1.key" -out csr.tmp -subj "$2" 2>/dev/null
	>index.tmp
	printf '%s\n' '[ca]' default_ca=a '[a]' database=index.tmp new_certs_dir=/tmp default_md=sha256 policy=p rand_serial=yes '[p]' commonName=supplied >ca.tmp
	openssl ca -batch -notext -config ca.tmp -in csr.tmp -cert "$4.pem" -keyfile "$4.key" -startdate "$5" -enddate "$6" -out "$1.pem" -extfile <(printf "$3") 2>/dev/null
	rm csr.tmp ca.tmp index.tmp*
}
issued inter '/CN=Explain Intermediate' 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n' root 20260101000000Z 20360101000000Z
issued other '/CN=www.other.test' 'subjectAltName=DNS:www.other.test\n' root 20260101000000Z 20360101000000Z
issued expired '/CN=localhost' 'subjectAltName=DNS:localhost\n' root 20250101000000Z 20250401000000Z
issued leaf '/CN=localhost' 'subjectAltName=DNS:localhost\n' inter 20260101000000Z 20360101000000Z

request='GET / HTTP/1.0\r\n\r\n'

# capture NAME SERVER-COMMAND CLIENT-COMMAND [BEFORE]: both run while dumpcap does, BEFORE does so before.
capture() {
	local name=$1 server=$2 client=$3 before=${4:-}
	case $wanted in '  ' | *" $name "*) ;; *) return ;; esac
	rm -f "$name.log"
	bash -c "$server" >/dev/null 2>&1 &
	local srv=$!
	for _ in $(seq 100); do ss -ltn | grep -q ":$port " && break; sleep 0.1; done
	[ -z "$before" ] || timeout 10 bash -c "$before" >/dev/null 2>&1 || true
	dumpcap -q -i lo -f "tcp port $port" ${snap:-} -w "$name.pcapng.new" >/dev/null 2>&1 &
	local dump=$!
	sleep 1
	timeout 15 bash -c "$client" >/dev/null 2>&1 || true
	sleep 0.5
	[ -z "${hold:-}" ] || kill -INT $dump # before anybody ends it
	pkill -P $srv 2>/dev/null || true
	kill $srv 2>/dev/null || true
	wait $srv 2>/dev/null || true
	sleep 1
	kill -INT $dump 2>/dev/null || true
	wait $dump || true
	mv "$name.pcapng.new" "$name.pcapng"
	echo "$name: $(stat -c %s "$name.pcapng") bytes"
}

s() { echo "exec openssl s_server -accept $port -quiet -www $*"; }
c() { echo "printf '$request' | openssl s_client -quiet -connect localhost:$port $*"; }
ends() { echo "exec python3 ends.py $port $*"; }
# What takes early data is not -www; and what is to be resumed waits for its ticket.
early() { echo "tail -f /dev/null | openssl s_server -accept $port -quiet -early_data $*"; }
slow() { echo "(printf '$request'; sleep 0.5) | openssl s_client -quiet -no_ign_eof -connect localhost:$port $*"; }

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
capture blank12 "exec gnutls-serv -q --echo -p $port --x509certfile ecdsa.pem --x509keyfile ecdsa.key --require-client-cert --x509cafile me.pem" "gnutls-cli --no-ca-verification --priority NORMAL:-VERS-TLS1.3 -p $port localhost </dev/null"
capture untrusted "$(s -cert ecdsa.pem -key ecdsa.key)" "curl -s https://localhost:$port/"
capture untrusted12 "$(s -cert ecdsa.pem -key ecdsa.key)" "curl -s --tls-max 1.2 https://localhost:$port/"
capture no_suite "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2)" "$(c -tls1_2 -cipher AES128-SHA)"
capture no_version "$(s -cert ecdsa.pem -key ecdsa.key -tls1_3)" "$(c -tls1_2)"
capture gnutls "exec gnutls-serv --http -q -p $port --x509certfile ecdsa.pem --x509keyfile ecdsa.key" "SSLKEYLOGFILE=gnutls.log curl -s -k https://localhost:$port/"
capture gnutls_client "$(s -cert ecdsa.pem -key ecdsa.key)" "printf '$request' | SSLKEYLOGFILE=gnutls_client.log gnutls-cli --no-ca-verification -p $port localhost"
capture key_update "exec openssl s_server -accept $port -quiet -rev -cert ecdsa.pem -key ecdsa.key" "(sleep 1; echo one; sleep 1; echo K; sleep 1; echo two; sleep 1) | openssl s_client -connect localhost:$port -keylogfile key_update.log"
capture not_tls "exec python3 -m http.server $port --bind 127.0.0.1" "curl -s http://127.0.0.1:$port/rsa.pem"
capture broken_off "$(ends close)" "openssl s_client -connect 127.0.0.1:$port"

# Without tickets a clean end looks much like a refusal: goodbyes, two bytes each way, two bytes of the client, and FIN alone.
capture goodbyes "exec openssl s_server -accept $port -quiet -rev -num_tickets 0 -cert ecdsa.pem -key ecdsa.key" "openssl s_client -connect localhost:$port </dev/null; python3 goodbyes.py $port"

# Browsers and servers that people have.
browser="chromium --headless=new --no-sandbox --user-data-dir=browser.tmp --disable-background-networking --disable-component-update --disable-sync --no-first-run --ignore-certificate-errors --dump-dom"
capture nginx "exec nginx -c $PWD/nginx.conf -p $PWD/ -e /dev/null" "SSLKEYLOGFILE=nginx.log curl -s -k --http2 https://localhost:$port/"
capture chromium "exec nginx -c $PWD/nginx.conf -p $PWD/ -e /dev/null" "SSLKEYLOGFILE=$PWD/chromium.log $browser https://localhost:$port/; rm -rf browser.tmp"
capture chromium_mlkem "exec $tlslab server --accept localhost:$port --www --quiet --cert ecdsa.pem --key ecdsa.key --compress-cert brotli" "SSLKEYLOGFILE=$PWD/chromium_mlkem.log $browser https://localhost:$port/; rm -rf browser.tmp"
capture plain_http "exec nginx -c $PWD/nginx.conf -p $PWD/ -e /dev/null" "curl -s http://localhost:$port/"
capture answered_in_clear "exec python3 -m http.server $port --bind 127.0.0.1" "curl -s https://127.0.0.1:$port/"

# 0-RTT: taken; offered again, which is a replay; and turned away by a HelloRetryRequest.
printf 'GET /early HTTP/1.0\r\n\r\n' >early.tmp
capture early "$(early -cert ecdsa.pem -key ecdsa.key)" "$(slow -sess_out s.tmp -keylogfile early.log); $(slow -sess_in s.tmp -early_data early.tmp -keylogfile early.log); $(slow -sess_in s.tmp -early_data early.tmp -keylogfile early.log); rm -f s.tmp"
capture early_retried "$(early -cert ecdsa.pem -key ecdsa.key -groups P-384)" "$(slow -groups X25519:P-384 -sess_in s.tmp -early_data early.tmp -keylogfile early_retried.log); rm -f s.tmp" "$(slow -groups P-384 -sess_out s.tmp)"
rm -f early.tmp

# TLS 1.2: three ways to protect a record, two to resume, with the beginning and without.
capture cbc "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA)" "$(c -no_etm -keylogfile cbc.log)"
capture cbc_etm "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA)" "$(c -keylogfile cbc_etm.log)"
capture rsa_no_ems "$(s -cert rsa.pem -key rsa.key -tls1_2 -cipher AES256-GCM-SHA384)" "printf '$request' | gnutls-cli --no-ca-verification --priority 'NORMAL:-VERS-ALL:+VERS-TLS1.2:+RSA:%NO_SESSION_HASH' -p $port localhost"
capture session_id12 "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -no_ticket)" "$(c -sess_out s.tmp -keylogfile session_id12.log); $(c -sess_in s.tmp); rm -f s.tmp"
capture resumed12_alone "$(s -cert rsa.pem -key rsa.key -tls1_2 -cipher AES128-SHA256)" "$(c -sess_in s.tmp); rm -f s.tmp" "$(c -sess_out s.tmp)"
capture resumed13_alone "$(s -cert ecdsa.pem -key ecdsa.key)" "$(c -sess_in s.tmp); rm -f s.tmp" "$(slow -sess_out s.tmp)"
capture renegotiated "exec openssl s_server -accept $port -quiet -rev -tls1_2 -client_renegotiation -cert ecdsa.pem -key ecdsa.key" "(sleep 1; echo one; sleep 1; echo R; sleep 1; echo two; sleep 1) | openssl s_client -tls1_2 -connect localhost:$port -keylogfile renegotiated.log"
# What is said behind a handshake of TLS 1.2, and of 1.3: a wish for another, by each end; taken and refused.
capture renegotiation_refused "exec openssl s_server -accept $port -quiet -rev -tls1_2 -cert ecdsa.pem -key ecdsa.key" "(sleep 1; echo R; sleep 1) | openssl s_client -connect localhost:$port -keylogfile renegotiation_refused.log"
capture hello_request "(sleep 3; echo r; sleep 3; echo r; sleep 3) | openssl s_server -accept $port -tls1_2 -cert ecdsa.pem -key ecdsa.key" "sleep 3 | openssl s_client -connect localhost:$port -keylogfile hello_request.log; sleep 3 | openssl s_client -no_renegotiation -connect localhost:$port -keylogfile hello_request.log"
capture asked_later "(sleep 3; echo c; sleep 3) | openssl s_server -accept $port -Verify 1 -CAfile me.pem -cert ecdsa.pem -key ecdsa.key" "sleep 3 | openssl s_client -enable_pha -cert me.pem -key me.key -connect localhost:$port -keylogfile asked_later.log"
# A name that the server does not know: it warns of it, and goes on.
capture warned "tail -f /dev/null | openssl s_server -accept $port -tls1_2 -servername www.other.test -cert ecdsa.pem -key ecdsa.key -cert2 other.pem -key2 other.key" "$(slow -servername localhost -keylogfile warned.log); $(slow -servername localhost); curl -s https://localhost:$port/"
capture old_version "$(s -cert rsa.pem -key rsa.key -tls1_1 -cipher AES128-SHA:@SECLEVEL=0)" "$(c -tls1_1 -cipher AES128-SHA:@SECLEVEL=0 -keylogfile old_version.log)"
capture unknown_suite "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -cipher ECDHE-ECDSA-CAMELLIA128-SHA256)" "$(c -cipher ECDHE-ECDSA-CAMELLIA128-SHA256 -keylogfile unknown_suite.log)"

# Keys that both had before.
capture psk "$(s -nocert -psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9)" "$(c -psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9 -keylogfile psk.log)"
capture psk_other "$(s -nocert -psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9)" "$(c -psk 1b); $(c -psk 1b -tls1_2 -cipher PSK)"
capture psk_ke "$(s -nocert -allow_no_dhe_kex -psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9)" "printf '$request' | $tlslab client --connect localhost:$port --tls 1.3 --psk-ke --psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9 --quiet --keylogfile psk_ke.log"
capture psk_refused "$(s -cert ecdsa.pem -key ecdsa.key -psk 1a2b3c4d5e6f70819203a4b5c6d7e8f9)" "$(c -psk 00000000000000000000000000000000)"

# Client certificates.
capture mutual12 "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -Verify 1 -CAfile me.pem)" "$(c -cert me.pem -key me.key -keylogfile mutual12.log)"
capture stranger "$(s -cert ecdsa.pem -key ecdsa.key -Verify 1 -verify_return_error -CAfile me.pem)" "$(slow -cert stranger.pem -key stranger.key -keylogfile stranger.log)"
capture stranger12 "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2 -Verify 1 -verify_return_error -CAfile me.pem)" "$(c -cert stranger.pem -key stranger.key)"

# Certificates that are refused, each for another reason.
capture wrong_name "$(s -cert other.pem -key other.key)" "$(c -servername localhost -CAfile root.pem -verify_hostname localhost -verify_return_error -keylogfile wrong_name.log)"
capture wrong_name_curl "$(s -cert other.pem -key other.key)" "SSLKEYLOGFILE=wrong_name_curl.log curl -s --cacert root.pem https://localhost:$port/"
capture expired "$(s -cert expired.pem -key expired.key)" "SSLKEYLOGFILE=expired.log curl -s --cacert root.pem https://localhost:$port/"
capture expired12 "$(s -cert expired.pem -key expired.key)" "curl -s --tls-max 1.2 --cacert root.pem https://localhost:$port/"
capture incomplete12 "$(s -cert leaf.pem -key leaf.key)" "curl -s --tls-max 1.2 --cacert root.pem https://localhost:$port/"
capture gnutls_untrusted "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2)" "printf '$request' | gnutls-cli -p $port localhost"
capture node_untrusted "$(s -cert ecdsa.pem -key ecdsa.key -tls1_2)" "node -e 'require(\"tls\").connect($port, \"127.0.0.1\", {servername: \"localhost\"}).on(\"error\", () => {})'"

# Ends that say nothing, and recordings that lack something.
capture reset "$(ends reset)" "openssl s_client -connect 127.0.0.1:$port"
capture half "$(ends half)" "openssl s_client -connect 127.0.0.1:$port"
capture gave_up "$(ends silent)" "curl -s -m 1 https://127.0.0.1:$port/"
hold=1 capture silent "$(ends silent)" "openssl s_client -connect 127.0.0.1:$port & sleep 1"
snap='-s 512' capture snapped "$(s -cert ecdsa.pem -key ecdsa.key)" "$(c -keylogfile snapped.log)"
capture midway "exec openssl s_server -accept $port -quiet -rev -cert ecdsa.pem -key ecdsa.key" "sleep 4" "(sleep 3; echo one; sleep 1; echo two; sleep 1) | openssl s_client -connect localhost:$port & sleep 1"

# What TLS is carried in.
mails="smtp lmtp imap pop3 ftp nntp sieve irc postgres mysql ldap xmpp"
capture starttls "$(ends $mails)" "for p in $mails; do printf '$request' | openssl s_client -quiet -connect localhost:$port -starttls \$p -keylogfile starttls.log; done"
proxied() { echo "SSLKEYLOGFILE=tunnels.log curl -s -k $* https://www.lab.test:8443/;"; }
capture tunnels "$(ends tunnel tunnel tunnel tunnel tunnel tunnel)" "$(proxied -x http://127.0.0.1:$port) $(proxied -x http://me:secret@127.0.0.1:$port) $(proxied --socks5-hostname 127.0.0.1:$port) $(proxied --socks5-hostname me:secret@127.0.0.1:$port) $(proxied --socks4a 127.0.0.1:$port) $(proxied --resolve www.lab.test:8443:127.0.0.7 --socks4 127.0.0.1:$port)"

# Several kinds of exchange in one file, as a day's recording has them; of some there is a key log.
case $wanted in '  ' | *" kinds "*)
	mergecap -F pcapng -w kinds.pcapng rsa.pcapng resumed12.pcapng ecdhe.pcapng tls13.pcapng
	cat ecdhe.log tls13.log >kinds.log
	;;
esac
