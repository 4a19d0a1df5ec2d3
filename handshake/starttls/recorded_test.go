package starttls_test

import (
	"bytes"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/starttls"
)

// Of a recording of a protocol in binary what is not known stays octets; of one by lines each line is
// one, and there is an end to them.
func TestRecorded(t *testing.T) {
	for _, p := range []starttls.Protocol{starttls.LDAP, starttls.MySQL, starttls.Postgres} {
		for _, by := range []event.Role{event.Client, event.Server} {
			for _, wire := range []string{"", "x", "0", "0\x80", "\x0a\x00\x00\x00\x0a", strings.Repeat("\xff", 36), "\x30\x03\x02\x01\x01"} {
				said := starttls.Recorded(p, []starttls.Turn{{By: by, Wire: []byte(wire)}})
				if len(said) != 1 || said[0].By != by || !bytes.Equal(said[0].Wire, []byte(wire)) {
					t.Errorf("%s, %q: %+v", p, wire, said)
				}
				if p == starttls.Postgres && by == event.Server && len(wire) == 1 { // whatever the letter
					continue
				}
				d := &starttls.Dialogue{Protocol: p, Said: said, Recorded: true}
				if v := d.Values(); said[0].Text != "" || len(v) != 2 || v[1].Name != by.String() || !bytes.Equal(v[1].Value.([]byte), []byte(wire)) {
					t.Errorf("%s, %q: values %+v", p, wire, v)
				}
			}
		}
	}
	said := starttls.Recorded(starttls.SMTP, []starttls.Turn{{By: event.Server, Wire: []byte("220-a\r\n220 b\r\n")}, {By: event.Client, Wire: []byte("EHLO x\r\nSTART")}, {By: event.Client, Wire: []byte("TLS\n")}})
	var lines []string
	for _, l := range said {
		lines = append(lines, l.By.String()+" "+l.Text)
	}
	if got := strings.Join(lines, "|"); got != "server 220-a|server 220 b|client EHLO x|client START|client TLS" {
		t.Error(got)
	}
	if n := len(starttls.Recorded("ftp", []starttls.Turn{{By: event.Server, Wire: bytes.Repeat([]byte("x\n"), 9999)}})); n != starttls.MaxLines {
		t.Errorf("%d lines are told", n)
	}
}
