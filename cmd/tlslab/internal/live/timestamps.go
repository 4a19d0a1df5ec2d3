package live

import (
	"os"
	"slices"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake"
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
			return cli.Misuse("A file holds one timestamp in its binary form, of some 120 bytes.", "--sct %s: %d bytes are no signed certificate timestamp", name, len(b))
		}
		list = append(list, b)
	}
	for i := range cfg.Certificates {
		cfg.Certificates[i].Timestamps = list
	}
	return nil
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
