package main

import (
	"strings"

	"github.com/spf13/cobra"

	"tlslab/handshake"
	"tlslab/handshake/certcompress"
	"tlslab/handshake/certcompress/brotli"
	"tlslab/handshake/certcompress/zstd"
)

// whatIf are the switches that came with TLS 1.3. A verb has those that its end has a
// say in.
type whatIf struct {
	padding      int
	compressCert []string
	recordSize   int

	grease, noCompat, keyUpdate bool // a client's
	cookie                      bool // a server's
}

// flags are those of either end.
func (w *whatIf) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&w.padding, "padding", 0, "add `N` zeros to each protected record (TLS 1.3)")
	f.StringSliceVar(&w.compressCert, "compress-cert", nil, "compress certificates (RFC 8879), best first: "+strings.Join(compressionNames(), ",")+" (TLS 1.3)")
	f.IntVar(&w.recordSize, "record-size-limit", 0, "take at most `N` bytes of plaintext in a record (RFC 8449)")
	complete(cmd, "compress-cert", compressionNames)
}

// clientFlags are those of a client alone.
func (w *whatIf) clientFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&w.grease, "grease", false, "the client adds reserved values, which a server must ignore (RFC 8701)")
	f.BoolVar(&w.noCompat, "no-compat", false, "no session ID and ChangeCipherSpec for middleboxes to see (TLS 1.3)")
	f.BoolVar(&w.keyUpdate, "key-update", false, "change the keys once the handshake is over, and ask the peer to (TLS 1.3)")
}

// serverFlags are those of a server alone.
func (w *whatIf) serverFlags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.cookie, "cookie", false, "the server sends each client back for a cookie (HelloRetryRequest, TLS 1.3)")
}

// only13 names a flag given that has no meaning before TLS 1.3; "" if there is none.
func (w *whatIf) only13() string {
	return firstSet(given("--padding", w.padding != 0), given("--compress-cert", w.compressCert != nil),
		given("--no-compat", w.noCompat), given("--key-update", w.keyUpdate), given("--cookie", w.cookie))
}

// check refuses numbers that no record can have.
func (w *whatIf) check() error {
	if w.padding < 0 || w.padding > 1<<14 {
		return misuse("Say a number from 0 to 16384.", "--padding %d: a record holds 0 to 16384 zeros", w.padding)
	}
	if n := w.recordSize; n != 0 && (n < 64 || n > 1<<14+1) {
		return misuse("Say a number from 64 to 16385, or leave it out.", "--record-size-limit %d: RFC 8449 has no such limit", n)
	}
	return nil
}

// algorithms are those that --compress-cert names; nil if it was not given.
func (w *whatIf) algorithms() ([]*certcompress.Method, error) {
	if w.compressCert == nil {
		return nil, nil
	}
	out := []*certcompress.Method{}
names:
	for _, name := range w.compressCert {
		for _, m := range compressions {
			if strings.EqualFold(name, m.String()) {
				out = append(out, m)
				continue names
			}
		}
		return nil, misuse("There are "+strings.Join(compressionNames(), ", ")+".", "--compress-cert %s: no such algorithm", name)
	}
	return out, nil
}

// apply sets what a live end does.
func (w *whatIf) apply(cfg *handshake.Config) (err error) {
	if err := w.check(); err != nil {
		return err
	}
	if cfg.CertificateCompression, err = w.algorithms(); err != nil {
		return err
	}
	if w.padding > 0 {
		cfg.Padding = func(int) int { return w.padding }
	}
	cfg.RecordSizeLimit, cfg.GREASE, cfg.NoCompatibilityMode, cfg.RetryWithCookie = w.recordSize, w.grease, w.noCompat, w.cookie
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
