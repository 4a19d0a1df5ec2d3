package explain

import (
	"bytes"
	"io"
	"os"
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

// What is refused is refused before anything of an answer stands on standard output, in each form.
func TestRefusedIsNothingTold(t *testing.T) {
	const file, other = "../../../../handshake/explain/testdata/tls13.pcapng", "shown_test.go"
	for _, line := range []string{
		file + " --show 1 --message 99", file + " --show 1 --message 99 --format html", file + " --show 1 --worksheet", file + " --show 1 --worksheet --format html",
		file + " --show 9", file + " --show 9 --format json", file + " --show 9 --format html", file + " --show 9 --format mermaid",
		other, other + " --format json", other + " --who-reads", other + " --who-reads --format html", other + " --who-reads --format json",
		other + " --show 1", other + " --show 1 --format json", other + " --show 1 --format html", other + " --show 1 --format mermaid",
	} {
		for _, stdin := range []bool{false, true} {
			args, in := append([]string{"explain"}, strings.Fields(line)...), io.Reader(strings.NewReader(""))
			if stdin {
				f, err := os.Open(args[1])
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				before := os.Stdin
				os.Stdin = f
				defer func() { os.Stdin = before }()
				args[1] = "-"
			}
			var out, said bytes.Buffer
			status := clitest.Command(cli.Root(&cobra.Command{Use: "tlslab"}, New()), t.Context(), in, &out, &said, args...)
			if status == 0 || out.Len() > 0 || said.Len() == 0 {
				t.Errorf("%s: status %d, it says %q, and on standard output stands\n%.300s", strings.Join(args, " "), status, &said, &out)
			}
		}
	}
	for _, format := range []string{"text", "html"} {
		var out, said bytes.Buffer
		args := strings.Fields("explain " + file + " --show 1 --message 1 --lang en --format " + format)
		if status := clitest.Command(cli.Root(&cobra.Command{Use: "tlslab"}, New()), t.Context(), nil, &out, &said, args...); status != 0 || !strings.Contains(out.String(), "ClientHello") {
			t.Errorf("of a message that is there, in %s: status %d, %s", format, status, &said)
		}
	}
}
