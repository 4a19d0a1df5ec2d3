package explain

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/clitest"
)

// Who asks for a connection that is not there is told what to type, with the name of the file; and who is shown
// one is not told to show it.
func TestShowSaysWhatToType(t *testing.T) {
	const file = "../../../../handshake/explain/testdata/no_suite.pcapng"
	for lang, advised := range map[string]string{"en": "tlslab explain " + file + " lists them.", "zh": "tlslab explain " + file + " 会列出它们。"} {
		if text := all(t, file, "--show", "9", "--lang", lang); !strings.Contains(text, advised) {
			t.Error(text)
		}
		if text := all(t, file, "--show", "1", "--lang", lang); strings.Contains(text, "--show N") || !strings.Contains(text, "ClientHello") {
			t.Error(text)
		}
		if text := all(t, file, "--lang", lang); !strings.Contains(text, "--show N") {
			t.Error(text)
		}
	}
}

// all is what explain says, on standard output and standard error.
func all(t *testing.T, args ...string) string {
	t.Helper()
	var b bytes.Buffer
	clitest.Command(cli.Root(&cobra.Command{Use: "tlslab"}, New()), t.Context(), strings.NewReader(""), &b, &b, append([]string{"explain"}, args...)...)
	return b.String()
}

// What the list says at its end, and in its columns, is a sentence of its language.
func TestListSpeaksItsLanguage(t *testing.T) {
	for _, c := range []struct{ name, lang, want, never string }{
		{"quic_hrr", "en", "1 TLS connection, over QUIC, in ", " 0 "},
		{"quic_hrr", "zh", "1 条 TLS 连接，使用 QUIC。", " 0 "},
		{"tls13", "en", "1 TLS connection in ", " of 1"},
		{"tls13", "zh", "有 1 条 TLS 连接。", "TCP"},
		{"resumed12", "zh", "会话", "session"},
		{"resumed12", "en", "session", "会话"},
		{"half", "zh", "这一轮消息才发到一半，服务器就关闭了连接", "服务器在服务器"},
		{"quic_versions", "zh", "（保留值）", "(保留值"},
	} {
		text := all(t, "../../../../handshake/explain/testdata/"+c.name+".pcapng", "--lang", c.lang)
		if !strings.Contains(text, c.want) || strings.Contains(text, c.never) {
			t.Errorf("%s in %s is to have %q, and not %q:\n%s", c.name, c.lang, c.want, c.never, text)
		}
	}
}
