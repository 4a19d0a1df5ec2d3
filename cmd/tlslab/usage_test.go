package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// wrong are command lines that make no sense, each for a reason of its own.
var wrong = []string{
	"bogus", "runn", "run extra", "run --bogus", "run -x", "run --tls", "run --width many", "run --width 3", "run --padding ten", "run --click-through=perhaps", "run --=x",
	"run --color pink", "run --format pdf", "run --brief --full", "run --message -1", "run --message 999 --seed 1",
	"run --tls 1.4", "run --kx dsa", "run --kx rsa --tls 1.3", "run --cipher nothing", "run --cipher TLS_AES_256_CCM", "run --group nothing", "run --group X25519MLKEM768 --tls 1.2",
	"run --cert fine", "run --cert verbs.go", "run --alpn smtp", "run --mitm-rewrite x", "run --resume id --mitm", "run --psk-ke", "run --psk zz", "run --key-update --mitm",
	"run --staple good --cert revoked", "run --no-ems --padding 3", "run --all", "run --mitm --all --tls 1.3", "run --alpn h2 --plain",
	"compare --rtt -1s", "compare --rtt soon", "compare --stapled=perhaps", "compare --key-alg dsa",
	"replay --attack nothing", "replay --attack early-data --defend nothing", "replay --attack early-data --login nobody", "replay --all --attack early-data", "replay --defend recording",
	"list", "list nothing", "list suites --format xml", "list states nobody", "groups nothing", "groups --format xml",
	"client", "client --connect a:b:c", "client --connect ::1:443", "client --connect [::1", "client --connect https://", "client --connect https://a:pw@h/", "client --connect h/path", "client --connect a@h",
	"client --connect gopher://h", "client --connect http://h", "client --connect imap://h", "client --connect imaps://h --starttls imap", "client --connect smtp://h --starttls imap", "client --connect h --starttls gopher", "client --connect h --handshake-timeout 0s",
	"client --connect h --servername h:443", "client --connect h --servername https://h", "client --connect h --servername *.h", "client --connect h --servername localhost..", "client --connect h --servername [::1]", "client --connect h --servername a/b", "client --connect h --servername u@h",
	"client --connect h --servername a:b:c", "client --connect h --servername a!b", "client --connect h --servername -a", "server --accept :0 --servername h:443", "verify x --servername h:443", "client --connect [::1:443", "client --connect host:noport", "client --connect -.例:443", "client --connect h:443 --tls 1.2 --early-data x",
	"client --connect h:443 --quiet --out no-such-file", "server --accept :0 --quiet --out no-such-file", "ca issue h --quiet --out no-such-file", "ca sign x --quiet --out no-such-file",
	"client --connect h:0", "verify x --client --depth 31", "client --connect https://h:0/",
	"client --connect h:443 --format mermaid", "client --connect h:443 --key x",
	"server --accept :0 --cipher-order mine", "server --accept :0 --sct usage_test.go", "server --accept :0 --max-send-frag 9", "client --connect h:443 --max-send-frag 20000",
	"server", "server --accept :x", "server --accept :0 --Verify", "server --accept :0 --verify", "server --accept :0 --verify 1", "server --accept :0 --Verify=3", "server --accept :0 --verify=perhaps", "server --accept :0 --verify --Verify", "server --accept :0 --verify-client", "server --accept :0 --verify-client --www", "server --accept :0 --CAfile x", "server --accept :0 --www --alpn h3", "server --accept :0 --ticket-key k --no-ticket", "server --accept :0 --ticket-key k --store redis://localhost:1", "server --accept :0 --ticket-key k --early-data 1", "server --accept :0 --ticket-key k --defend single-use", "server --accept :0 --ticket-key k --ticket-key k.old", "server --accept :0 --idle-timeout 1s", "server --accept :0 --num-tickets 1000000", "server --accept :0 --store nothing", "server --accept :0 --defend nothing",
	"ca init", "ca init x --days 0", "ca init x --kind dsa", "ca issue", "ca show", "ca sign", "verify", "verify chain.pem --time now",
	"verify chain.pem --client --policy any", "verify chain.pem --client --depth -1", "verify chain.pem --client --depth many", "verify chain.pem --client --brief --bytes",
	"web --listen 0.0.0.0:0", "web --listen x", "proxy --mode transparent", "proxy --mode reverse:x", "proxy --listen 0.0.0.0:0", "proxy --block a/b", "proxy --map-remote x", "proxy --map-remote a=b",
	"explain", "explain x --show 0", "explain x --show 1 --who-reads", "explain x --worksheet", "explain x --show 1 --worksheet --no-secrets", "explain x --format html", "explain x --no-secrets", "explain - --write-keylogfile k", "explain x --full", "explain x --psk zz",
	"proxy --rewrite x", "proxy --ignore-hosts a/b", "proxy --ignore-hosts a..b", "proxy --upstream ftp://x", "proxy --upstream %", "proxy --client-cert-for x", "proxy --show 0", "proxy --max-conns 0", "proxy --set-request-header x",
}

// What is wrong with a command line is said in the reader's language, wherever on the line that is
// asked for: what happened, and what to do. Status 2 says that it was about what was typed.
func TestUsageInChinese(t *testing.T) {
	t.Setenv("LC_ALL", "C.UTF-8")
	han := regexp.MustCompile(`\p{Han}`)
	commands := regexp.MustCompile(`：tlslab( [\w.-]+)+`)
	english := regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+ [a-z]+`)
	for _, line := range wrong {
		args := strings.Fields(line)
		said := func(more ...string) string {
			var out bytes.Buffer
			if status := command(t.Context(), strings.NewReader(""), &bytes.Buffer{}, &out, append(args, more...)...); status != 2 {
				t.Errorf("%s: status %d, %s", line, status, &out)
			}
			return out.String()
		}
		if en := said("--lang", "en"); han.MatchString(strings.ReplaceAll(en, "例", "")) {
			t.Errorf("%s: in English it says %s", line, en)
		}
		for s := range strings.Lines(said("--lang", "zh")) {
			s = commands.ReplaceAllString(s, "")
			if !han.MatchString(s) && strings.TrimSpace(s) != "tlslab: --num-tickets 1000000" || english.MatchString(s) {
				t.Errorf("%s: %s", line, s)
			}
		}
	}
}

// Without a message of the number that was asked for there is an error, and no heading over nothing.
func TestNoMessageNoHeading(t *testing.T) {
	for _, line := range []string{"run --tls 1.3 --message 99", "run --tls 1.2 --message 99 --lang zh"} {
		var out, said bytes.Buffer
		if status := command(t.Context(), strings.NewReader(""), &out, &said, strings.Fields(line)...); status != 2 || out.Len() > 0 || said.Len() == 0 {
			t.Errorf("%s: status %d, on standard output %q", line, status, &out)
		}
	}
	var out bytes.Buffer
	if status := command(t.Context(), strings.NewReader(""), &out, &bytes.Buffer{}, strings.Fields("run --tls 1.3 --message 1 --lang en")...); status != 0 || !strings.Contains(out.String(), "ClientHello") {
		t.Errorf("of a message that is there: status %d, %s", status, &out)
	}
}

// What did not work out is said in the reader's language too, and so is what to do.
func TestFailuresInChinese(t *testing.T) {
	t.Chdir(t.TempDir())
	said := func(line, lang string) (string, int) {
		var out bytes.Buffer
		status := command(t.Context(), strings.NewReader(""), &bytes.Buffer{}, &out, append(strings.Fields(line), "--lang", lang)...)
		return out.String(), status
	}
	if out, status := said("ca init ca", "en"); status != 0 {
		t.Fatal(out)
	}
	han, english := regexp.MustCompile(`\p{Han}`), regexp.MustCompile(`[a-z]+ [a-z]+ [a-z]+ [a-z]+`)
	commands := regexp.MustCompile(`：tlslab( [\w.-]+)+`)
	for _, line := range []string{
		"server --accept 127.0.0.1:0 --cadir nodir", "ca init ca", "client --connect localhost:1 --sess-in nofile", "client --connect localhost:1 --sess-in ca/ca.pem",
		"ca sign ca/ca.pem --cadir ca", "ca issue www.lab.test --cadir nodir", "run --out nodir/x", "server --accept 127.0.0.1:0 --cert ca/ca.pem --key nokey",
	} {
		if en, status := said(line, "en"); status != 2 || han.MatchString(en) {
			t.Errorf("%s: status %d, in English %s", line, status, en)
		}
		zh, _ := said(line, "zh")
		for s := range strings.Lines(zh) {
			if s = commands.ReplaceAllString(s, ""); !han.MatchString(s) && !strings.Contains(s, "tlslab client … --sess-out") || english.MatchString(s) {
				t.Errorf("%s: %s", line, s)
			}
		}
	}
}
