package capture

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/sheet"
)

func newProxyCA(p *proxyFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ca",
		Short: "Where the proxy's root is, how to trust it, and how to stop trusting it",
		Long: `Print where the root of the proxy's CA is, which is made if there is none yet, and how
to have curl, Chromium, Firefox and the system trust it; and how to remove it again.`,
		Args: cli.None(""),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.ca(cmd) },
	}
	p.LangFlag(cmd)
	cmd.Flags().StringVar(&p.confDir, "confdir", "", "the `directory` of the proxy's CA (default: tlslab in your configuration directory)")
	return cmd
}

// ca prints what there is to know of the CA. Commands are the shell's, and the same in
// every language.
func (p *proxyFlags) ca(cmd *cobra.Command) error {
	if err := p.CheckLang(); err != nil {
		return err
	}
	dir, ca, made, err := p.loadCA()
	if err != nil {
		return err
	}
	root := filepath.Join(dir, proxy.CAFile)
	var b strings.Builder
	if made {
		fmt.Fprintln(&b, cli.Say(p.Lang, "proxy_made_ca", "root", root))
	}
	for _, line := range [][2]string{
		{"proxy_ca_root", root},
		{"proxy_ca_key", filepath.Join(dir, proxy.CAKeyFile)},
		{"proxy_ca_name", ca.Cert.Subject.CommonName},
		{"proxy_ca_until", ca.Cert.NotAfter.UTC().Format("2006-01-02")},
		{"proxy_ca_sha256", fingerprint(ca.Cert)},
	} {
		fmt.Fprintf(&b, "%s\n  %s\n", cli.Say(p.Lang, line[0]), line[1])
	}
	b.WriteString("\n")
	for _, how := range trustHow(root, ca.Cert.Subject.CommonName) {
		title, text := cli.SayBoth(p.Lang, how.key)
		fmt.Fprintln(&b, title)
		for _, c := range how.trust {
			fmt.Fprintln(&b, "  "+c)
		}
		if len(how.remove) > 0 {
			fmt.Fprintln(&b, cli.Say(p.Lang, "proxy_ca_remove"))
			for _, c := range how.remove {
				fmt.Fprintln(&b, "  "+c)
			}
		}
		wrapped(&b, text)
		b.WriteString("\n")
	}
	title, text := cli.SayBoth(p.Lang, "proxy_ca_warning")
	fmt.Fprintln(&b, title)
	wrapped(&b, text)
	_, err = cmd.OutOrStdout().Write([]byte(b.String()))
	return err
}

// wrapped writes prose, indented; it is not for commands, which must not be broken into
// lines.
func wrapped(b *strings.Builder, text string) {
	if text == "" {
		return
	}
	for _, line := range sheet.Wrap(text, sheet.DefaultWidth-2) {
		b.WriteString("  " + line + "\n")
	}
}

func fingerprint(c *x509.Certificate) string { return fmt.Sprintf("%x", sha256.Sum256(c.Raw)) }

// trustHow is how clients come to trust a root, and how they stop trusting it.
func trustHow(root, name string) []struct {
	key           string
	trust, remove []string
} {
	q := shellQuote(root)
	nick := shellQuote(name)
	type how = struct {
		key           string
		trust, remove []string
	}
	return []how{
		{"proxy_ca_curl", []string{"curl --proxy http://127.0.0.1:8080 --cacert " + q + " https://www.example.org/"}, nil},
		{"proxy_ca_chromium", []string{
			"mkdir -p ~/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -N --empty-password",
			"certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n " + nick + " -i " + q,
			"chromium --proxy-server=http://127.0.0.1:8080",
		}, []string{"certutil -d sql:$HOME/.pki/nssdb -D -n " + nick}},
		{"proxy_ca_firefox", nil, nil},
		{"proxy_ca_system", []string{"sudo cp " + q + " /usr/local/share/ca-certificates/tlslab-ca.crt && sudo update-ca-certificates"},
			[]string{"sudo rm /usr/local/share/ca-certificates/tlslab-ca.crt && sudo update-ca-certificates --fresh"}},
	}
}

// shellQuote makes one word of s.
func shellQuote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+@:") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

const landingPage markup = `<!doctype html>
<html lang="{{Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{Title}}</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 1em}
code{font-size:.85em;word-break:break-all}.warn{border-left:4px solid #c00;padding:.2em 1em;background:#fff4f4}</style>
<h1>{{Title}}</h1>
<p>{{What}}</p>
<div class="warn"><p><b>{{Warning}}</b></p><p>{{WarningText}}</p></div>
<p><a href="{{File}}">tlslab-ca.pem</a></p>
<p>{{Name}}<br>SHA-256 <code>{{Fingerprint}}</code></p>
<p>{{Remove}}</p>
</html>
`

// landing is the proxy's own page.
func landing(lang narrate.Lang, root *x509.Certificate) http.HandlerFunc {
	title, what := cli.SayBoth(lang, "proxy_page")
	warning, text := cli.SayBoth(lang, "proxy_ca_warning")
	page := landingPage.filled(map[string]any{"Lang": string(lang), "Title": title, "What": what, "Warning": warning, "WarningText": text, "File": proxy.RootFile,
		"Name": root.Subject.CommonName, "Fingerprint": fingerprint(root), "Remove": cli.Say(lang, "proxy_page_remove")})
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, string(page)) // a browser that has left is told nothing
	}
}
