package narrate

import (
	"crypto/x509"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tlslab/handshake/event"
	"tlslab/handshake/foreign"
	"tlslab/handshake/iana"
	"tlslab/handshake/kx"
	"tlslab/handshake/message"
	"tlslab/handshake/reason"
	"tlslab/pki"
	"tlslab/pki/lesson"
)

func TestFault(t *testing.T) {
	ours := &reason.Error{Reason: reason.BadBinder, Ref: "RFC 9846 §4.3.11.2", Field: "client_hello.extensions.pre_shared_key.binders", Off: 212,
		Want: reason.Say("the HMAC that the named key makes"), Got: reason.Say("another")}
	for _, c := range []struct {
		err  error
		want string
	}{
		{ours, "bad_binder，字段 client_hello.extensions.pre_shared_key.binders，偏移 212：应为由所报的密钥算出的 HMAC，实际为另一个值（RFC 9846 §4.3.11.2）"},
		{fmt.Errorf("file.pem: %w", ours), "file.pem: bad_binder，字段 client_hello.extensions.pre_shared_key.binders，偏移 212：应为由所报的密钥算出的 HMAC，实际为另一个值（RFC 9846 §4.3.11.2）"},
		// Of two within each other the outer one holds the inner.
		{fmt.Errorf("r.pem: %w", reason.Because("no proof of possession: the request is not signed by the key it names: %v", reason.New(reason.CertificateMissing, "", "", reason.Say("a client certificate"), nil))),
			"r.pem: 没有持有证明：请求不是用它所写的密钥签名的：certificate_missing：应有客户端证书"},
		{reason.New(reason.PeerAlert, "", "", nil, iana.HandshakeFailure), "peer_alert：收到 handshake_failure"},
		{&reason.Error{Reason: reason.CertificateMissing, Off: -1, Want: reason.Say("a client certificate")}, "certificate_missing：应有客户端证书"},
		{reason.New(reason.UnexpectedMessage, "", "", reason.Say("%v", reason.OneOf{"finished", "certificate"}), reason.Say("%v in state %v", message.KindClientHello, event.Connected)),
			"unexpected_message：应为 finished 或 certificate，实际为状态 CONNECTED 下的 client_hello"},
		{reason.Wrap(reason.BadSignature, "", "", reason.Because("%s does not verify under this key", "ed25519")), "bad_signature：用这把密钥验证 ed25519 签名没有通过"},
		{reason.Wrap(reason.CertificateMalformed, "", "certificate", errors.New("x509: trailing data")), "certificate_malformed，字段 certificate：英文原文：x509: trailing data"},
		{reason.Fault("", reason.Because("random source: %v", os.ErrClosed)), "internal：随机源：文件已关闭"},
		{reason.New(reason.CertificateMalformed, "RFC 5280 §4.1.2.5", "", reason.Say("two dates"), foreign.Sentence("malformed validity")),
			"certificate_malformed：应为两个日期，实际为英文原文“malformed validity”（RFC 5280 §4.1.2.5）"},
		// What a peer calls "none" is a name, and what it writes is quoted.
		{reason.New(reason.NoCommonProtocol, "", "", []string{"h2"}, "none"), "no_common_protocol：应为 [h2]，实际为 none"},
		{reason.New(reason.CertificateWrongName, "", "", reason.Say("%s in certificate 1 (the leaf)", "a\x1b[2Jb"), reason.Say("none")),
			`certificate_wrong_name：应为第 1 张证书（终端实体证书）中的 a\x1b[2Jb，实际没有`},
		{reason.New(reason.NotOffered, "", "server_hello.session_id", []byte("id"), []byte{}), "not_offered，字段 server_hello.session_id：应为 6964，实际没有"},
		// A student's own sentence has no entry.
		{reason.New(reason.BadShare, "", "", reason.Say("a share to my taste"), 7), "bad_share：应为 a share to my taste，实际为 7"},
		{errors.New("no such file\x1b"), `no such file\x1b`},
	} {
		if got := Fault(Zh, c.err); got != c.want {
			t.Errorf("%v:\n got %s\nwant %s", c.err, got, c.want)
		}
		if got := Fault(En, c.err); got != foreign.Line(c.err.Error()) {
			t.Errorf("%v is in English %q", c.err, got)
		}
	}
}

// said is a phrase as the source has it.
type said struct{ at, format string }

// source walks every file of the module that is no test.
func source(t *testing.T, do func(*token.FileSet, *ast.File)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err == nil {
			files++
			do(set, f)
		}
		return err
	})
	if err != nil || files < 100 {
		t.Fatalf("%d files, %v", files, err)
	}
}

// called is the name of what is called, and of the package or value that it belongs to.
func called(n ast.Node) (call *ast.CallExpr, of, name string) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil, "", ""
	}
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return call, "", f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return call, x.Name, f.Sel.Name
		}
		return call, "?", f.Sel.Name
	}
	return call, "", ""
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// phrases is every phrase of the module.
func phrases(t *testing.T) (all []said) {
	source(t, func(set *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			call, of, name := called(n)
			if of != "reason" || name != "Say" && name != "Because" {
				return true
			}
			at := set.Position(call.Pos()).String()
			format, ok := literal(call.Args[0])
			if !ok {
				t.Errorf("%s: the format of a phrase is no constant, so nobody can look it up", at)
			}
			all = append(all, said{at, format})
			return true
		})
	})
	return all
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?([-+# 0]*[0-9.]*[a-zA-Z%])`)

// takes is which argument a format takes with which verb.
func takes(format string) map[int]string {
	out, next := map[int]string{}, 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[1] != "" {
			next, _ = strconv.Atoi(m[1])
		}
		out[next] = m[2]
		next++
	}
	return out
}

// wordless is a format that says nothing itself.
func wordless(format string) bool {
	return !strings.ContainsFunc(verb.ReplaceAllString(format, ""), func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' })
}

// TestPhrases: every phrase has its entry, which takes the same arguments, and no entry
// waits for a phrase that nobody says.
func TestPhrases(t *testing.T) {
	known := map[string]bool{}
	for _, p := range phrases(t) {
		e, ok := Get(Zh, phrase, p.format)
		if wordless(p.format) && !ok {
			continue
		}
		known[p.format] = true
		switch {
		case !ok:
			t.Errorf("%s: zh has no phrase %q", p.at, p.format)
		case fmt.Sprint(takes(e.Title)) != fmt.Sprint(takes(p.format)):
			t.Errorf("%s: %q takes %v, but %q takes %v", p.at, p.format, takes(p.format), e.Title, takes(e.Title))
		case e.Text != "" || e.Ref != "":
			t.Errorf("%q has a second line", p.format)
		}
	}
	for key := range load(Zh, phrase) {
		if !known[key] {
			t.Errorf("phrase %q is an orphan: nobody says it", key)
		}
	}
	if len(known) < 250 {
		t.Errorf("only %d phrases were found", len(known))
	}
}

// TestPhrasesKeepTheGlossary: they are texts like others, in the settled words and marks.
func TestPhrasesKeepTheGlossary(t *testing.T) {
	for key, e := range load(Zh, phrase) {
		for _, w := range glossary {
			if w.lang == Zh && regexp.MustCompile(w.never).MatchString(e.Title) {
				t.Errorf("%q: %q; say %s (%s)", key, e.Title, w.say, w.why)
			}
		}
		for _, rule := range chineseMarks {
			if found := regexp.MustCompile(rule.pattern).FindString(e.Title); found != "" {
				t.Errorf("%q: %q in %q: %s", key, found, e.Title, rule.why)
			}
		}
	}
}

// details are the arguments of a call, and the fields of a literal, that become Want and Got.
func details(n ast.Node) []ast.Expr {
	if lit, ok := n.(*ast.CompositeLit); ok {
		var out []ast.Expr
		if s, ok := lit.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Error" {
			return nil
		}
		for _, e := range lit.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if k, ok := kv.Key.(*ast.Ident); ok && (k.Name == "Want" || k.Name == "Got") {
					out = append(out, kv.Value)
				}
			}
		}
		return out
	}
	if set, ok := n.(*ast.AssignStmt); ok && len(set.Lhs) == len(set.Rhs) {
		var out []ast.Expr
		for i := range set.Lhs {
			if s, ok := set.Lhs[i].(*ast.SelectorExpr); ok && (s.Sel.Name == "Want" || s.Sel.Name == "Got") {
				out = append(out, set.Rhs[i])
			}
		}
		return out
	}
	call, of, name := called(n)
	switch {
	case call == nil:
		return nil
	case of == "reason" && (name == "New" || name == "Mistake"), name == "fault" && len(call.Args) > 4, name == "lacks",
		name == "Fail" && len(call.Args) == 4, name == "FailAt", name == "badStatus":
		return call.Args[len(call.Args)-2:]
	}
	return nil
}

// TestSentencesArePhrases: what an error says in words of ours is a phrase. A string is a
// name or a value, perhaps a peer's, and is never looked up.
func TestSentencesArePhrases(t *testing.T) {
	name := regexp.MustCompile(`^[A-Za-z0-9_.:]*$`)
	words := []string{"none", "some", "another", "neither", "more", "nothing", "others", "without"}
	places := 0
	source(t, func(set *token.FileSet, f *ast.File) {
		ast.Inspect(f, func(n ast.Node) bool {
			for _, d := range details(n) {
				places++
				ast.Inspect(d, func(n ast.Node) bool {
					if call, of, what := called(n); call != nil && (of == "reason" && what == "Say" || of == "strings" && what == "Join") {
						return false
					}
					if e, ok := n.(ast.Expr); ok {
						s, ok := literal(e)
						s = verb.ReplaceAllString(s, "")
						if ok && (!name.MatchString(strings.TrimSpace(s)) || slices.Contains(words, s)) && !wordless(s) {
							t.Errorf("%s: %q is a sentence: reason.Say makes a phrase of it", set.Position(e.Pos()), s)
						}
					}
					return true
				})
			}
			return true
		})
	})
	if places < 300 {
		t.Errorf("only %d details were seen", places)
	}
}

// english are words that no detail of ours has left in Chinese, and no name of a field has.
var english = []string{" expected ", ", got ", ": got ", " at byte ", " the ", " a ", " an ", " of ", " for ", " with ", " that ", " is ", " or ", " and "}

// checkChinese looks for English in an error's Chinese. What another package said may be English.
func checkChinese(t *testing.T, err error) {
	t.Helper()
	s := Fault(Zh, err)
	s, _, _ = strings.Cut(s, "英文原文")
	for _, w := range english {
		if strings.Contains(s, w) {
			t.Errorf("%q is in %s\nof %v", w, s, err)
		}
	}
	for _, rule := range chineseMarks {
		if found := regexp.MustCompile(rule.pattern).FindString(s); found != "" {
			t.Errorf("%q in %s: %s", found, s, rule.why)
		}
	}
}

// TestRefusalsInChinese: certificates of every kind and with every byte changed, and
// messages cut off at every byte.
func TestRefusalsInChinese(t *testing.T) {
	refusals := 0
	check := func(err error) {
		if err != nil {
			refusals++
			checkChinese(t, err)
		}
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, kind := range lesson.Kinds() {
		l, err := lesson.New(lesson.Options{Kind: kind, Time: now})
		if err != nil {
			t.Fatal(err)
		}
		chain := make([]*x509.Certificate, len(l.Chain))
		for i, raw := range l.Chain {
			if chain[i], err = pki.ParseCertificate(raw); err != nil {
				t.Fatal(err)
			}
		}
		for _, o := range []pki.VerifyOptions{
			{ServerName: "www.lab.test"}, {ServerName: "other.test"}, {ServerName: "192.0.2.9"}, {ServerName: "例子.test"},
			{ServerName: "www.lab.test", Usage: pki.ClientAuth}, {RequireStaple: true}, {Staple: []byte("no response")},
		} {
			for _, at := range []time.Time{now, now.AddDate(-30, 0, 0), now.AddDate(30, 0, 0)} {
				o.Time, o.Roots, o.Explain = at, l.Roots, true
				r, err := pki.Verify(chain, o)
				check(err)
				for _, p := range r.Paths {
					for _, c := range p.Checks {
						if c.Err != nil {
							check(c.Err)
						}
					}
				}
			}
		}
	}
	l, err := lesson.New(lesson.Options{Time: now})
	if err != nil {
		t.Fatal(err)
	}
	der := l.Chain[0]
	for i := range der {
		for _, x := range []byte{1, 0x20, 0x80, 0xff} {
			bad := slices.Clone(der)
			bad[i] ^= x
			c, err := pki.ParseCertificate(bad)
			check(err)
			if err == nil {
				_, err = pki.Verify([]*x509.Certificate{c}, pki.VerifyOptions{Time: now, Roots: l.Roots})
				check(err)
			}
		}
	}
	for _, s := range message.Samples() {
		b, err := message.Marshal(s.Msg, nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			_, err := message.Parse(s.Ctx, b[:n], nil)
			check(err)
		}
	}
	for _, g := range kx.All() {
		_, err := g.Answer(zeros{}, []byte{1})
		check(err)
		_, err = g.Offer(broken{})
		check(err)
	}
	if refusals < 5000 {
		t.Errorf("only %d refusals", refusals)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, os.ErrClosed }
