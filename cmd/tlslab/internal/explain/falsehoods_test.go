package explain

import (
	"strings"
	"testing"
)

const captures = "../../../../handshake/explain/testdata/"

// flat is text without the breaks of its lines.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// What a reader has once found to be false: what is said now, and what is said no more. Arguments that end
// with .log, .key or .pcapng are files of handshake/explain/testdata.
func TestNothingFalse(t *testing.T) {
	for _, row := range []struct {
		args         string
		says, denies []string
	}{
		// Nobody here can try a key of TLS 1.1, or of a suite that is not known: it may be the right one.
		{"old_version.pcapng --who-reads --keylogfile old_version.log --rsa-key rsa.key", []string{"untried (a) untried (a)", "(a) Not tried: the keys of this version"},
			[]string{"no line with this client random", "Bytes are missing", "no private key"}},
		{"old_version.pcapng --who-reads", []string{"untried (a) untried (a)", "(a) Not tried: the keys of this version"}, []string{"no private key"}},
		{"old_version.pcapng --show 1 --keylogfile old_version.log", []string{"log reader can read", "version and suite, given a key log"}, []string{"sealed to listener, log reader", "sealed to log reader"}},
		{"unknown_suite.pcapng --who-reads --keylogfile unknown_suite.log", []string{"untried (a) untried (a)", "nobody here knows the cipher suite"}, []string{"Bytes are missing", "no private key"}},
		{"unknown_suite.pcapng --keylogfile unknown_suite.log", []string{"would open with a program that knows this version and suite, given a key log with a line of the client random"}, nil},
		// No hello was read: nothing is said of it.
		{"quic_versions.pcapng", []string{"no hello", "it offers 2, 0xcafa5a5a (reserved)"}, []string{"the hellos", "reads the name"}},
		{"quic_versions.pcapng --who-reads", []string{"untried untried (a) untried (a)", "no hello could be read"}, []string{"YES"}},
		{"quic_versions.pcapng --show 1 --format html", []string{"no whole ClientHello could be read"}, []string{"could read the first messages"}},
		{"quic_v2.pcapng --show 1 --full --width 120", []string{"and no secret RFC 9369 §3.3", "the salt and the labels are version 2's own"}, nil},
		{"midway.pcapng --who-reads", []string{"untried untried (a) untried (a)", "no hello could be read"}, nil},
		{"midway.pcapng --show 1 --format html", []string{"midway.pcapng, connection 1", "The first messages of this connection are not in the recording"}, []string{"A live connection"}},
		// Early data hangs on the pre-shared key alone, whatever the server chose afterwards.
		{"early.pcapng --show 3 --keylogfile early.log", []string{"early data (0-RTT) no no (c) YES untried (d)", "(c) Early data is sealed under the pre-shared key alone", "(d) Not tried: there is no pre-shared key", "what the client sent no no (a) YES no (b)"}, []string{"early data (0-RTT) no no (a)"}},
		{"early_retried.pcapng --show 1 --keylogfile early_retried.log", []string{"early data (0-RTT) no no (c) YES untried (d)", "(c) Early data is sealed under the pre-shared key alone"}, []string{"early data (0-RTT) no no (a)"}},
		{"early.pcapng --who-reads --keylogfile early.log", []string{"no (a,c) YES", "(c) Early data is sealed under the pre-shared key alone"}, nil},
		// Where a session began in the same file, no other recording is needed.
		{"resumed12.pcapng", []string{"would open with the private key of the server's certificate (--rsa-key), which opens connection 1 of this file too; or a key log with a line of the client random 2a9f01d3"}, []string{"the recording in which"}},
		{"resumed12.pcapng --rsa-key rsa.key", nil, []string{"would open with"}},
		{"kinds.pcapng", []string{"which opens connection 4 of this file too"}, []string{"the recording in which"}},
		{"resumed12_alone.pcapng", []string{"the recording in which the session began"}, []string{"of this file too"}},
		// Bytes are missing, and that is said wherever it matters.
		{"snapped.pcapng --keylogfile snapped.log --who-reads --rsa-key rsa.key", []string{"no (a) in part (b)", "(a) The server's key does nothing but sign", "(b) Bytes are missing"}, nil},
		{"snapped.pcapng --keylogfile snapped.log --show 1", []string{"from here on bytes that the server sent are missing: what it sends after them is not told apart here -- flight 3"}, nil},
		{"quic_v1.pcapng --show 1 --worksheet", []string{"initial_secret", "= ______ (1)"}, nil},
		{"quic_v1.pcapng --show 1 --full", nil, []string{"hellos and records"}},
	} {
		args := strings.Fields(row.args)
		for i, a := range args {
			if strings.HasSuffix(a, ".log") || strings.HasSuffix(a, ".key") || strings.HasSuffix(a, ".pcapng") || strings.HasSuffix(a, ".pem") {
				args[i] = captures + a
			}
		}
		said, err := run(t, append(args, "--lang", "en")...)
		if err != nil {
			t.Errorf("%s: %v", row.args, err)
		}
		for _, want := range row.says {
			if !strings.Contains(flat(said), want) {
				t.Errorf("%s: it does not say %q:\n%s", row.args, want, said)
			}
		}
		for _, no := range row.denies {
			if strings.Contains(flat(said), no) {
				t.Errorf("%s: it says %q:\n%s", row.args, no, said)
			}
		}
	}
}

// The advice of a worksheet that cannot be is one that helps.
func TestNoWorksheet(t *testing.T) {
	for file, want := range map[string]string{"no_suite": "nothing was encrypted", "old_version": "nothing of connection 1 opens", "ecdhe": "nothing of connection 1 opens"} {
		_, err := run(t, captures+file+".pcapng", "--show", "1", "--worksheet", "--lang", "en")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
