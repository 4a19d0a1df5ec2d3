package handshake_test

import (
	"fmt"
	"go/ast"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tlslab/handshake"
	"tlslab/handshake/beside"
	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/http2"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/lab"
	"tlslab/handshake/message"
	"tlslab/handshake/mitm/har"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/proxy/proxytest"
	"tlslab/handshake/mitm/relay"
	"tlslab/handshake/observe"
	"tlslab/handshake/predict"
	"tlslab/handshake/quic"
	"tlslab/handshake/reason"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
	"tlslab/handshake/sct"
	"tlslab/handshake/sig"
	"tlslab/handshake/starttls"
	"tlslab/handshake/suite"
	"tlslab/handshake/switches"
	"tlslab/handshake/tamper"
	"tlslab/handshake/transcript"
	"tlslab/handshake/wire"
	"tlslab/pki"
	"tlslab/pki/der"
	"tlslab/pki/lesson"
)

// values are the exported types whose values can be asked something: by an exported method
// of the value, with no arguments. A caller makes such a value from a number, a word or
// nothing at all, and prints it.
var values = []any{
	event.Role(0), event.Direction(0), event.Op(0), event.Function(0), event.Keys(0), event.SecretLabel(""), event.State(0), handshake.EarlyDataStatus(0), handshake.SuiteOrder(0), event.Move{}, event.Overheard{}, event.Sight{}, observe.Part(0),
	quic.Version(0), quic.Type(0), quic.FrameType(0), foreign.Text{}, foreign.Sentence(""), reason.Phrase{}, reason.Reason(0), reason.OneOf(nil), reason.Usage{}, reason.Names(nil), reason.Both(nil),
	iana.AlertDescription(0), iana.AlertLevel(0), iana.CertificateCompressionAlgorithm(0), iana.CertificateStatusType(0),
	iana.ClientCertificateType(0), iana.ECCurveType(0), iana.ECPointFormat(0), iana.ExtensionType(0), iana.MaxFragmentLength(0),
	iana.NameType(0), iana.PSKKeyExchangeMode(0), iana.Group(0), iana.HandshakeType(0), iana.KeyUpdateRequest(0), iana.Auth(0),
	iana.Kx(0), iana.Compression(0), iana.ContentType(0), iana.SignatureScheme(0), iana.CipherSuite(0), iana.Version(0),
	http2.Type(0), http2.Setting{}, http2.Frame{},
	kx.Kind(0), message.Kind(0), sig.Kind(0), suite.Kind(0), suite.Step{}, tamper.Direction(0), wire.Field{},
	har.Request{}, har.Response{}, har.Timings{}, proxy.Timing{}, proxy.Block{}, proxy.Change{}, relay.Side(""), transcript.Hex(nil), transcript.Value{}, scenario.Belief{}, scenario.Knowledge{}, scenario.SideBySide{}, scenario.ComparedRow{},
	render.TerminalOptions{}, render.Only{}, sheet.Voice{}, page.Query(nil), starttls.Protocol(""), beside.Field{}, beside.Row{}, proxytest.Step{}, proxytest.Form(""), switches.Given{}, lab.Question{}, predict.Question{},
	sct.Millis(0), pki.Input{}, lesson.Kind(""), pki.Usage(0), der.OID(""), der.Header{}, der.Number{},
}

// TestAnyValueAnswers: no number and no word makes an exported method panic.
func TestAnyValueAnswers(t *testing.T) {
	table := map[string]reflect.Type{}
	for _, v := range values {
		table[reflect.TypeOf(v).String()] = reflect.TypeOf(v)
	}
	found := map[string]bool{}
	eachFile(t, func(dir string, file *ast.File) {
		// What lies below pki/internal nobody else can name; algid has a test of its own.
		if strings.HasPrefix(dir, "cmd") || strings.HasPrefix(dir, "examples") || strings.HasPrefix(dir, "pki/internal/") {
			return
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || !f.Name.IsExported() || f.Type.Params.NumFields() > 0 || f.Type.Results == nil {
				continue
			}
			if recv, ok := f.Recv.List[0].Type.(*ast.Ident); ok && recv.IsExported() {
				found[file.Name.Name+"."+recv.Name] = true
			}
		}
	})
	for name := range found {
		if table[name] == nil {
			t.Errorf("%s has exported methods and is not in the table", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if !found[name] {
			t.Errorf("%s is in the table and has no such methods", name)
		}
		for _, v := range anyValues(table[name]) {
			for m := range v.NumMethod() {
				if v.Method(m).Type().NumIn() == 0 {
					func() {
						defer func() {
							if p := recover(); p != nil {
								t.Errorf("%s(%v).%s panics: %v", name, fmt.Sprintf("%#v", v), v.Type().Method(m).Name, p)
							}
						}()
						v.Method(m).Call(nil)
					}()
				}
			}
		}
	}
}

// anyValues are the zero value, and of numbers those that one byte can be, and the ends of
// two; of words one that nobody knows; of lists one of a zero value.
func anyValues(of reflect.Type) []reflect.Value {
	v := []reflect.Value{reflect.Zero(of)}
	switch of.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		for n := range uint64(1 << 8) {
			v = append(v, reflect.New(of).Elem())
			v[len(v)-1].SetUint(n)
		}
		if of.Kind() != reflect.Uint8 {
			for _, n := range []uint64{0x100, 0x101, 0x102, 0x7fff, 0xffff, 1 << 31, math.MaxUint32, 1 << 32, 1 << 63, math.MaxUint64} {
				if reflect.Zero(of).OverflowUint(n) {
					continue
				}
				v = append(v, reflect.New(of).Elem())
				v[len(v)-1].SetUint(n)
			}
		}
	case reflect.String:
		v = append(v, reflect.ValueOf("no such word").Convert(of))
	case reflect.Slice:
		v = append(v, reflect.MakeSlice(of, 1, 1))
	case reflect.Struct:
	default:
		panic(of.String() + " is of a kind that this test has no values for")
	}
	return v
}
