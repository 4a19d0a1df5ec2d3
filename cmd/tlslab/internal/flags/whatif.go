package flags

import (
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/switches"
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
	f.StringSliceVar(&w.CompressCert, "compress-cert", nil, "compress certificates (RFC 8879), best first: "+strings.Join(switches.CompressionNames(), ",")+" (TLS 1.3)")
	f.IntVar(&w.RecordSize, "record-size-limit", 0, "take at most `N` bytes of plaintext in a record (RFC 8449)")
	cli.Complete(cmd, "compress-cert", switches.CompressionNames)
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

// Apply sets what a live end does.
func (w *WhatIf) Apply(cfg *handshake.Config) (err error) {
	if err := switches.CheckSizes(w.Padding, w.RecordSize); err != nil {
		return err
	}
	if cfg.CertificateCompression, err = switches.Compressions(w.CompressCert); err != nil {
		return err
	}
	if w.Padding > 0 {
		cfg.Padding = func(int) int { return w.Padding }
	}
	cfg.RecordSizeLimit, cfg.GREASE, cfg.NoCompatibilityMode, cfg.RetryWithCookie = w.RecordSize, w.Grease, w.NoCompat, w.Cookie
	return nil
}
