package live

import (
	"bytes"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
	"tlslab/handshake/reason"
	"tlslab/handshake/sct"
)

// timestampFlags are a server's files of signed certificate timestamps.
type timestampFlags struct{ files []string }

func (t *timestampFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&t.files, "sct", nil, "with --cert: signed certificate timestamps for clients that ask (client --ct), `files` with one each in its binary form (RFC 6962 §3.2)")
}

// maxTimestamp is what one may have for an extension to hold it and its lengths.
const maxTimestamp = 1<<16 - 1 - 4

// apply reads them for the certificate of --cert: one that is issued here stands in no log.
func (t *timestampFlags) apply(cfg *handshake.Config, own bool) error {
	if len(t.files) == 0 {
		return nil
	}
	if !own {
		return cli.Misuse("Give --cert, with its key.", "--sct: a certificate that is issued here stands in no log")
	}
	var list [][]byte
	for _, name := range t.files {
		b, err := os.ReadFile(name)
		switch {
		case err != nil:
			return err
		case len(b) == 0 || len(b) > maxTimestamp:
			return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: this is no signed certificate timestamp (bytes in it: %d)", name, len(b))
		}
		if err := noTimestamp(name, b); err != nil {
			return err
		}
		list = append(list, b)
	}
	for i := range cfg.Certificates {
		cfg.Certificates[i].Timestamps = list
	}
	return nil
}

// noTimestamp says what a file is that holds no timestamp: it would go to every client that asks.
func noTimestamp(name string, b []byte) error {
	err := sct.Check(b)
	const der = 0x30 // a SEQUENCE: what a certificate and a key in DER begin with
	switch why := reason.Of(err); {
	case err == nil:
		return nil
	case bytes.Contains(b, []byte("-----BEGIN ")):
		return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: that is PEM, a certificate or a key perhaps, and no signed certificate timestamp", name)
	case b[0] == der:
		return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: that looks like DER, a certificate or a key perhaps, and no signed certificate timestamp", name)
	case why == reason.BadValue:
		return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: a signed certificate timestamp begins with its version, 0, and this file with %d", name, b[0])
	case why == reason.TrailingBytes:
		return cli.Misuse("Give each timestamp a file of its own.", "--sct %s: more stands behind the signed certificate timestamp, or its lengths are wrong", name)
	}
	return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: the signed certificate timestamp is cut short, or its lengths are wrong", name)
}

// cipherOrders are the words of --cipher-order.
func cipherOrders() []string {
	return []string{handshake.OwnOrder.String(), handshake.ChaChaFirst.String(), handshake.ClientOrder.String()}
}

// cipherOrder is what a word of --cipher-order stands for.
func cipherOrder(word string) (handshake.SuiteOrder, error) {
	i := slices.Index(cipherOrders(), word)
	if i < 0 {
		return 0, cli.Misuse("", "--cipher-order %s: it is own, chacha or client", word)
	}
	return handshake.SuiteOrder(i), nil
}
