package transcript_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx/private"
	"tlslab/handshake/message"
	"tlslab/handshake/transcript"
	"tlslab/handshake/wire"
)

// Each event of a lesson comes back from its document, and of a message each byte.
func TestJSON(t *testing.T) {
	for name, l := range acts(t) {
		d := decoded(t, l.text)
		if d.Version != 1 || d.Seed != "1" || len(d.Flows) != len(l.Flows) {
			t.Fatalf("%s: version %d, seed %q, %d flows", name, d.Version, d.Seed, len(d.Flows))
		}
		for i, f := range d.Flows {
			want := l.Flows[i]
			if f.Name != want.Name || len(f.Events) != len(want.Events) || f.Outcome.Done != want.Outcome.Done ||
				f.Outcome.Refused != want.Outcome.Refused || (f.Outcome.Error != nil) != (want.Outcome.Err != nil) {
				t.Errorf("%s: flow %d is not the transcript's", name, i)
				continue
			}
			for k, e := range f.Events {
				h := want.Events[k].Head()
				if e.Seq != h.Seq || e.Party != h.Party || e.Kind == "" || e.Name == "" {
					t.Errorf("%s: event %d: %+v", name, k, e)
				}
				if c, ok := want.Events[k].(*event.Check); ok && (e.Passed() != c.OK || (e.Report != nil) != (c.Report != nil)) {
					t.Errorf("%s: check %d: %+v", name, k, e)
				}
				m, ok := want.Events[k].(*event.Message)
				if !ok {
					continue
				}
				if !bytes.Equal(e.Bytes, m.Raw) || e.Kind != transcript.KindMessage || e.Name != m.Kind.String() || e.Dir != m.Dir.String() {
					t.Errorf("%s: message %d does not come back", name, k)
				}
				var fields []wire.Field
				for j, x := range e.Fields {
					field := wire.Field{Name: x.Path, Off: x.Off, Len: x.Len, Depth: m.Fields[j].Depth, Value: x.Value.String()}
					if x.Value.IsZero() {
						field.Value = wire.Group{}
					}
					fields = append(fields, field)
				}
				if err := wire.Covered(fields, len(e.Bytes)); err != nil {
					t.Errorf("%s: message %d: %v", name, k, err)
				}
			}
		}
	}
}

// The parts that a grader builds on, to the letter.
func TestJSONShape(t *testing.T) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, acts(t)["refused"].text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"tlslab":1,"seed":"1","flows":[{"name":"ecdhe","parties":["client","server"],"events":[{"seq":1,`,
		`"kind":"message","name":"client_hello","ref":"RFC 5246 §7.4.1.2","bytes":"01`,
		`{"path":"client_hello.client_version","off":4,"len":2,"value":{"hex":"0x0303","name":"TLS 1.2","value":771},"ref":"RFC 5246 §7.4.1.2"}`,
		`"outcome":{"done":false,"intended":true,"refused":"client","error":{"reason":"certificate_untrusted"`,
		`"alert":{"hex":"0x30","name":"unknown_ca","value":48}`,
		`"name":"server_ephemeral",`, `"exchange":{"hex":"0x03","name":"ECDHE","value":3},"group":{"hex":"0x001d","name":"x25519","value":29}}`,
	} {
		if !strings.Contains(compact.String(), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
}

// So that a program can follow TLS 1.3's key schedule, and tell the versions' moves apart.
func TestJSONOfTLS13(t *testing.T) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, acts(t)["update"].text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"kind":"secret","name":"server_handshake_key",`, `"method":"HKDF-Expand-Label","hash":"SHA-256","tag":"key","inputs":[{"name":"secret","bytes":"`,
		`{"name":"context","bytes":""},{"name":"hkdf_label","bytes":"001009746c733133206b657900"}]`,
		`"private":true,"from":"server_handshake_traffic_secret"}`, `"name":"ikm","bytes":"`, `"private":true,"from":"shared_secret"}]`,
		`"name":"shared_secret",`, `"group":{"hex":"0x11ec","name":"X25519MLKEM768","value":4588}}`,
		`{"name":"content_type","bytes":"16"}`, `"move":"client/recv/server_hello/tls13"`,
		`{"dir":"recv","message":"server_hello","version":{"hex":"0x0304","name":"TLS 1.3","value":772},"to":"WAIT_EE"`,
	} {
		if !strings.Contains(compact.String(), want) {
			t.Errorf("the JSON lacks %s", want)
		}
	}
}

// Records are divided as messages are, and so are the certificates and statuses inside of
// messages, to the byte.
func TestJSONDividesRecordsAndCertificates(t *testing.T) {
	seen := map[string]int{}
	covered := func(what string, fields []transcript.Field, off, n int) {
		at := off
		for _, f := range fields {
			if f.Off != at {
				t.Fatalf("%s: %s begins at byte %d, and %d are named", what, f.Path, f.Off, at)
			}
			if !f.Value.IsZero() {
				at += f.Len
			}
		}
		if at != off+n {
			t.Fatalf("%s: %d of %d bytes are named", what, at-off, n)
		}
	}
	for name, l := range acts(t) {
		for _, f := range decoded(t, l.text).Flows {
			for _, e := range f.Events {
				switch e.Kind {
				case transcript.KindRecord:
					covered(name+", a record", e.Fields, 0, len(e.Bytes))
					seen[e.Fields[1].Path]++
				case transcript.KindMessage:
					for _, in := range e.Inside {
						covered(name+", "+in.Path, in.Fields, in.Off, in.Len)
						seen[in.Fields[0].Path]++
					}
				}
			}
		}
	}
	for _, path := range []string{"record.type", "certificate.certificate_list.certificate.certificate",
		"certificate.certificate_list.certificate_entry.cert_data.certificate",
		"certificate.certificate_list.certificate_entry.extensions.status_request.response.ocsp_response"} {
		if seen[path] == 0 {
			t.Errorf("nothing has %s: seen were %v", path, seen)
		}
	}
}

// A certificate that is made to have a field for each two bytes makes no document of a hundred
// times its length.
func TestJSONOfAHostileCertificate(t *testing.T) {
	tlv := func(tag byte, content ...[]byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Tag: int(tag & 0x1f), IsCompound: tag&0x20 != 0, Bytes: bytes.Join(content, nil)})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	const sequence, set, integer, oid = 0x30, 0x31, 2, 6
	value := tlv(sequence, bytes.Repeat([]byte{5, 0}, 1<<15)) // of an attribute of the issuer's name: any type will do
	issuer := tlv(sequence, tlv(set, tlv(sequence, tlv(oid, []byte{0x55, 4, 3}), value)))
	cert := tlv(sequence, tlv(sequence, tlv(integer, []byte{1}), tlv(sequence, tlv(oid, []byte{0x2a, 3})), issuer))
	var fields []wire.Field
	m := &message.Certificate12{Certificates: [][]byte{{0x30, 0}, cert}}
	raw, err := message.Marshal(m, &fields)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := transcript.NewWriter(&b, "")
	w.Event(&event.Message{Kind: m.Kind(), Msg: m, Raw: raw, Fields: fields, Dir: event.Receive})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in := decoded(t, b.Bytes()).Flows[0].Events[0].Inside
	if inside := (&event.Message{Raw: raw}).Inside(wire.Field{Name: "certificate.certificate_list.certificate", Off: in[1].Off, Len: in[1].Len}); len(inside) < 1<<15 {
		t.Fatalf("the certificate has only %d fields", len(inside))
	}
	if len(in) != 2 || len(in[0].Fields) == 0 || in[1].Len != len(cert) || len(in[1].Fields) > 0 || b.Len() > 8*len(raw)+1<<20 {
		t.Errorf("%d documents, %d bytes of JSON for %d", len(in), b.Len(), len(raw))
	}
}

// A group with a number for private use has its name wherever it stands.
func TestPrivateGroupIsNamed(t *testing.T) {
	g, named := private.Groups()[0], 0
	for _, e := range decoded(t, acts(t)["own_kem"].text).Flows[0].Events {
		values := []transcript.Value{e.Group, e.Chosen}
		for _, f := range e.Fields {
			values = append(values, f.Value)
		}
		for _, v := range append(values, e.Among.List()...) {
			if c, ok := v.Code(); ok && c.Value == uint64(g.ID()) && c.Hex == fmt.Sprintf("%#x", uint16(g.ID())) {
				if named++; c.Name != g.Name() {
					t.Errorf("%s %s calls %#x %q", e.Kind, e.Name, c.Value, c.Name)
				}
			}
		}
	}
	if named < 8 {
		t.Errorf("it is named %d times: the test looked in the wrong place", named)
	}
}

// stranger is a kind of event that the package does not know.
type stranger struct{ event.Meta }

// A live listener writes the same events.
func TestJSONListener(t *testing.T) {
	l := acts(t)["mutual"]
	var b bytes.Buffer
	j := transcript.NewWriter(&b, "")
	j.Begin("client", "client", "server")
	for _, e := range l.Events() {
		j.Event(e)
	}
	j.Event(&stranger{})
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j.Event(l.Events()[0]) // too late
	d := decoded(t, b.Bytes())
	if len(d.Flows) != 1 || len(d.Flows[0].Events) != len(l.Events()) || d.Flows[0].Outcome != nil {
		t.Errorf("%d flows, or events missing", len(d.Flows))
	}
}

// Every field of every message says where it is specified, by the RFC of the version that is
// spoken, and there is such a section.
func TestFieldsCite(t *testing.T) {
	known := map[string][]string{}
	list, err := os.ReadFile("../testdata/sections.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line)
		known[f[0]] = f[1:]
	}
	citation := regexp.MustCompile(`^RFC (\d+) §([\dA-Z.]+)$`)
	messages, refs := map[string]int{}, map[string]int{}
	for name, l := range acts(t) {
		for _, f := range decoded(t, l.text).Flows {
			for _, e := range f.Events {
				if e.Kind != transcript.KindMessage {
					continue
				}
				messages[e.Name]++
				tls13 := strings.HasPrefix(e.Ref, "RFC 9846")
				for _, x := range e.Fields {
					refs[x.Ref]++
					m := citation.FindStringSubmatch(x.Ref)
					if m == nil || known[m[1]] != nil && !slices.Contains(known[m[1]], m[2]) {
						t.Errorf("%s: %s in %s: %q", name, x.Path, e.Name, x.Ref)
						continue
					}
					if tls13 && m[1] == "5246" || !tls13 && m[1] == "9846" && !newer(x.Path) {
						t.Errorf("%s: %s in %s of %s: %q", name, x.Path, e.Name, e.Ref, x.Ref)
					}
				}
			}
		}
	}
	if len(messages) < 16 || len(refs) < 30 {
		t.Errorf("%d messages, %d sections: the test looked in the wrong place", len(messages), len(refs))
	}
	for _, want := range []string{"RFC 9846 §4.3.8", "RFC 9846 §4.3.11", "RFC 8422 §5.1.1", "RFC 5246 §7.4.1.4.1", "RFC 7627 §5.1", "RFC 8879 §4", "RFC 9846 §4.7.3"} {
		if refs[want] == 0 {
			t.Errorf("nothing cites %s", want)
		}
	}
}

// newer is what TLS 1.3's RFC specifies for TLS 1.2's messages too.
func newer(path string) bool {
	return strings.Contains(path, iana.ExtSignatureAlgorithmsCert.String()) || strings.Contains(path, iana.ExtSupportedVersions.String()) ||
		strings.Contains(path, iana.ExtCertificateAuthorities.String())
}

// An extension's fields cite the extension's own section, and so does the group over them.
func TestFieldsOfAnExtensionCiteIt(t *testing.T) {
	d := decoded(t, acts(t)["retry"].text)
	cited := map[string]string{}
	for _, e := range d.Flows[0].Events {
		for _, f := range e.Fields {
			cited[f.Path] = f.Ref
		}
	}
	for path, want := range map[string]string{
		"client_hello": "RFC 9846 §4.2.2", "client_hello.random": "RFC 9846 §4.2.2", "client_hello.extensions": "RFC 9846 §4.3",
		"client_hello.extensions.key_share": "RFC 9846 §4.3.8", "client_hello.extensions.key_share.extension_type": "RFC 9846 §4.3",
		"client_hello.extensions.key_share.client_shares.length": "RFC 9846 §4.3.8", "client_hello.extensions.server_name": "RFC 6066 §3",
		"hello_retry_request.extensions.cookie": "RFC 9846 §4.3.2", "finished.verify_data": "RFC 9846 §4.5.3", "change_cipher_spec.type": "RFC 9846 §5",
	} {
		if cited[path] != want {
			t.Errorf("%s cites %q, not %s", path, cited[path], want)
		}
	}
}

// What was read and is written again is what it was, to the byte.
func TestRoundTrip(t *testing.T) {
	for name, l := range acts(t) {
		var b bytes.Buffer
		if err := transcript.Encode(&b, decoded(t, l.text)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), l.text) {
			at := 0
			for at < b.Len() && b.Bytes()[at] == l.text[at] {
				at++
			}
			t.Errorf("%s: at byte %d %.200s, not %.200s", name, at, b.Bytes()[at:], l.text[at:])
		}
	}
	for _, d := range []transcript.Document{{Version: 1, Flows: []transcript.Flow{}}, {Version: 1, Flows: []transcript.Flow{{Events: []*transcript.Event{}}}}} {
		var b bytes.Buffer
		if err := transcript.Encode(&b, d); err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := transcript.Encode(&again, decoded(t, b.Bytes())); err != nil || !bytes.Equal(again.Bytes(), b.Bytes()) {
			t.Errorf("%v: %s became %s", err, b.Bytes(), again.Bytes())
		}
	}
	if err := transcript.Encode(new(bytes.Buffer), transcript.Document{Version: 2}); !errors.Is(err, transcript.ErrVersion) {
		t.Errorf("version 2 is written: %v", err)
	}
}
