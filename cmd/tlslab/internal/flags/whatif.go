package flags

import (
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
)

// WhatIf are the switches that came with TLS 1.3. A verb has those that its end has a
// say in.
type WhatIf struct {
	Padding      int
	CompressCert []string
	RecordSize   int

	Grease, NoCompat, KeyUpdate bool // a client's
	Cookie                      bool // a server's
}

// Flags are those of either end.
func (w *WhatIf) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&w.Padding, "padding", 0, "add `N` zeros to each protected record (TLS 1.3)")
	f.StringSliceVar(&w.CompressCert, "compress-cert", nil, "compress certificates (RFC 8879), best first: "+strings.Join(compressionNames(), ",")+" (TLS 1.3)")
	f.IntVar(&w.RecordSize, "record-size-limit", 0, "take at most `N` bytes of plaintext in a record (RFC 8449)")
	cli.Complete(cmd, "compress-cert", compressionNames)
}

// ClientFlags are those of a client alone.
func (w *WhatIf) ClientFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&w.Grease, "grease", false, "the client adds reserved values, which a server must ignore (RFC 8701)")
	f.BoolVar(&w.NoCompat, "no-compat", false, "no session ID and ChangeCipherSpec for middleboxes to see (TLS 1.3)")
	f.BoolVar(&w.KeyUpdate, "key-update", false, "change the keys once the handshake is over, and ask the peer to (TLS 1.3)")
}

// ServerFlags are those of a server alone.
func (w *WhatIf) ServerFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.Cookie, "cookie", false, "the server sends each client back for a cookie (HelloRetryRequest, TLS 1.3)")
}

// Only13 names a given flag that has no meaning before TLS 1.3; "" if no such flag was
// given.
func (w *WhatIf) Only13() string {
	return FirstSet(Given("--padding", w.Padding != 0), Given("--compress-cert", w.CompressCert != nil),
		Given("--no-compat", w.NoCompat), Given("--key-update", w.KeyUpdate), Given("--cookie", w.Cookie))
}

// Check refuses numbers that no record can have.
func (w *WhatIf) Check() error {
	if w.Padding < 0 || w.Padding > 1<<14 {
		return cli.Misuse("Say a number from 0 to 16384.", "--padding %d: a record holds 0 to 16384 zeros", w.Padding)
	}
	if n := w.RecordSize; n != 0 && (n < 64 || n > 1<<14+1) {
		return cli.Misuse("Say a number from 64 to 16385, or leave it out.", "--record-size-limit %d: RFC 8449 has no such limit", n)
	}
	return nil
}

// Algorithms are those that --compress-cert names; nil if it was not given.
func (w *WhatIf) Algorithms() ([]*certcompress.Method, error) {
	if w.CompressCert == nil {
		return nil, nil
	}
	out := []*certcompress.Method{}
names:
	for _, name := range w.CompressCert {
		for _, m := range compressions {
			if strings.EqualFold(name, m.String()) {
				out = append(out, m)
				continue names
			}
		}
		return nil, cli.Misuse("There are "+strings.Join(compressionNames(), ", ")+".", "--compress-cert %s: no such algorithm", name)
	}
	return out, nil
}

// Apply sets what a live end does.
func (w *WhatIf) Apply(cfg *handshake.Config) (err error) {
	if err := w.Check(); err != nil {
		return err
	}
	if cfg.CertificateCompression, err = w.Algorithms(); err != nil {
		return err
	}
	if w.Padding > 0 {
		cfg.Padding = func(int) int { return w.Padding }
	}
	cfg.RecordSizeLimit, cfg.GREASE, cfg.NoCompatibilityMode, cfg.RetryWithCookie = w.RecordSize, w.Grease, w.NoCompat, w.Cookie
	return nil
}

// compressions are the algorithms for certificates, most preferred first. A self-made chain
// of 2988 bytes came to 1999, 2035 and 2075 in this order, so little is to be gained.
var compressions = []*certcompress.Method{zstd.Method, brotli.Method, certcompress.Zlib}

func compressionNames() []string {
	var out []string
	for _, m := range compressions {
		out = append(out, m.String())
	}
	return out
}
