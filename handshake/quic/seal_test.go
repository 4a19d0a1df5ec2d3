package quic_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"

	"tlslab/handshake/quic"
)

// seal makes an Initial packet, with a packet number of four bytes: what the package itself
// has no use for. TestSeal holds it against the RFCs' samples.
func seal(s *quic.Schedule, from int, number uint64, frames []byte) []byte {
	return sealTo(s, from, number, frames, s.DCID, nil)
}

func sealTo(s *quic.Schedule, from int, number uint64, frames, dcid, scid []byte) []byte {
	k := &s.Ends[from]
	for len(frames) < 4 {
		frames = append(frames, 0)
	}
	first := byte(0xc3)
	if s.Version == quic.V2 {
		first = 0xd3
	}
	b := binary.BigEndian.AppendUint32([]byte{first}, uint32(s.Version))
	b = append(append(b, byte(len(dcid))), dcid...)
	b = append(append(b, byte(len(scid))), scid...)
	b = append(b, 0) // no token
	b = binary.BigEndian.AppendUint16(b, 0x4000|uint16(4+len(frames)+16))
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(number))
	nonce := append([]byte(nil), k.IV...)
	tail := nonce[4:]
	binary.BigEndian.PutUint64(tail, binary.BigEndian.Uint64(tail)^number)
	block, err := aes.NewCipher(k.Key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	b = append(b, aead.Seal(nil, nonce, frames, b)...)
	head, err := aes.NewCipher(k.HP)
	if err != nil {
		panic(err)
	}
	var mask [16]byte
	head.Encrypt(mask[:], b[at+4:at+20])
	b[0] ^= mask[0] & 0x0f
	for i := range 4 {
		b[at+i] ^= mask[1+i]
	}
	return b
}
