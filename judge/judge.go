// Judge checks an exported log with other people's code: the tree and the notes of the Go
// checksum database (golang.org/x/mod/sumdb). Nothing of the ledger's own is used.
//
//	judge log DIR VKEY [WITNESS]                     checkpoint, every entry, every tile, proofs from the tiles
//	judge proof FILE ENTRY VKEY [WITNESS]            a C2SP tlog-proof of one entry
//	judge consistency OLD NEW PATH VKEY              two checkpoints and the hashes between them, one a line
//
// WITNESS is the key of a witness whose cosignature must be there. It ends with 0 and says
// ACCEPT, or ends with 1 and says REJECT with the reason.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8
	width   = 1 << height
	samples = 500
)

func main() {
	if err := judge(os.Args[1:]); err != nil {
		fmt.Println("REJECT:", err)
		os.Exit(1)
	}
	fmt.Println("ACCEPT")
}

func judge(args []string) error {
	switch {
	case len(args) >= 3 && args[0] == "log":
		return judgeLog(args[1], args[2:])
	case len(args) >= 4 && args[0] == "proof":
		return judgeProof(args[1], args[2], args[3:])
	case len(args) == 5 && args[0] == "consistency":
		return judgeConsistency(args[1], args[2], args[3], args[4:])
	}
	return errors.New("unknown arguments")
}

// A head is what a checkpoint says.
type head struct {
	size int64
	root tlog.Hash
}

// openCheckpoint returns the head that the first key, and the witness if one is given, have signed.
func openCheckpoint(data []byte, vkeys []string) (head, error) {
	log, err := note.NewVerifier(vkeys[0])
	if err != nil {
		return head{}, err
	}
	verifiers := []note.Verifier{log}
	if len(vkeys) > 1 {
		witness, err := newWitness(vkeys[1])
		if err != nil {
			return head{}, err
		}
		verifiers = append(verifiers, witness)
	}
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	if err != nil {
		return head{}, err
	}
	if len(opened.Sigs) != len(verifiers) {
		return head{}, fmt.Errorf("%d of %d signatures are there", len(opened.Sigs), len(verifiers))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != log.Name() {
		return head{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return head{}, errors.New("not a size")
	}
	root, err := tlog.ParseHash(lines[2])
	return head{size, root}, err
}

// A witness verifies cosignatures (C2SP tlog-cosignature, type 0x04), which x/mod does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) (*witness, error) {
	name, rest, _ := strings.Cut(vkey, "+")
	_, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 0x04 {
		return nil, errors.New("not a witness's key")
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return &witness{name, binary.BigEndian.Uint32(sum[:]), key[1:]}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }
func (w *witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	text := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(w.key, []byte(text), sig[8:])
}

// tiles reads a log's files, which are named as C2SP tlog-tiles has it: without the height.
type tiles string

func (dir tiles) Height() int                     { return height }
func (dir tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (dir tiles) path(tile tlog.Tile) string {
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
	return strings.Replace(path, "tile/data/", "tile/entries/", 1)
}

func (dir tiles) read(tile tlog.Tile) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(dir), dir.path(tile)))
}

func (dir tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := dir.read(tile)
		if err != nil {
			return nil, err
		}
		if len(data) != tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s is not %d hashes", dir.path(tile), tile.W)
		}
		found = append(found, data)
	}
	return found, nil
}

func judgeLog(dir string, vkeys []string) error {
	data, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	signed, err := openCheckpoint(data, vkeys)
	if err != nil {
		return err
	}
	log := tiles(dir)
	leaves, err := checkEntries(log, signed.size)
	if err != nil {
		return err
	}
	if err := checkTiles(log, leaves); err != nil {
		return err
	}
	return checkProofs(log, signed, leaves)
}

// checkEntries hashes every entry.
func checkEntries(log tiles, size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for n := int64(0); n*width < size; n++ {
		tile := tlog.Tile{H: height, L: -1, N: n, W: min(width, int(size-n*width))}
		data, err := log.read(tile)
		if err != nil {
			return nil, err
		}
		for range make([]struct{}, tile.W) {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s is too short", log.path(tile))
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves, data = append(leaves, tlog.RecordHash(data[2:end])), data[end:]
		}
		if len(data) != 0 {
			return nil, fmt.Errorf("%s is too long", log.path(tile))
		}
	}
	return leaves, nil
}

// checkTiles makes every tile from the leaves and wants the stored files to be these and no others.
func checkTiles(log tiles, hashes []tlog.Hash) error {
	expected := map[string]bool{}
	for level := 0; len(hashes) > 0; level++ {
		var above []tlog.Hash
		for n := 0; n*width < len(hashes); n++ {
			group := hashes[n*width : min(len(hashes), (n+1)*width)]
			tile := tlog.Tile{H: height, L: level, N: int64(n), W: len(group)}
			expected[log.path(tile)] = true
			if level == 0 {
				expected[log.path(tlog.Tile{H: height, L: -1, N: int64(n), W: len(group)})] = true
			}
			data, err := log.read(tile)
			if err != nil {
				return err
			}
			var made bytes.Buffer
			for _, hash := range group {
				made.Write(hash[:])
			}
			if !bytes.Equal(data, made.Bytes()) {
				return fmt.Errorf("%s does not follow from the entries", log.path(tile))
			}
			if len(group) == width {
				above = append(above, root(group))
			}
		}
		hashes = above
	}
	return filepath.WalkDir(filepath.Join(string(log), "tile"), func(path string, entry fs.DirEntry, err error) error {
		name, _ := filepath.Rel(string(log), path)
		if err == nil && !entry.IsDir() && !expected[filepath.ToSlash(name)] {
			return fmt.Errorf("%s is no part of this log", name)
		}
		return err
	})
}

// root is the hash over a full tile.
func root(hashes []tlog.Hash) tlog.Hash {
	if len(hashes) == 1 {
		return hashes[0]
	}
	half := len(hashes) / 2
	return tlog.NodeHash(root(hashes[:half]), root(hashes[half:]))
}

// checkProofs has x/mod compute the root and prove entries and earlier trees, all from the tiles.
func checkProofs(log tiles, signed head, leaves []tlog.Hash) error {
	if signed.size == 0 {
		return nil
	}
	reader := tlog.TileHashReader(tlog.Tree{N: signed.size, Hash: signed.root}, log)
	found, err := tlog.TreeHash(signed.size, reader)
	if err != nil {
		return err
	}
	if found != signed.root {
		return errors.New("the tiles have another root than was signed")
	}
	for i := 0; i < samples; i++ {
		index := rand.Int63n(signed.size)
		record, err := tlog.ProveRecord(signed.size, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(record, signed.size, signed.root, index, leaves[index]); err != nil {
			return err
		}
		earlier, err := tlog.TreeHash(index+1, reader)
		if err != nil {
			return err
		}
		tree, err := tlog.ProveTree(signed.size, index+1, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(tree, signed.size, signed.root, index+1, earlier); err != nil {
			return err
		}
	}
	return nil
}

func judgeProof(file, entry string, vkeys []string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	record, err := os.ReadFile(entry)
	if err != nil {
		return err
	}
	before, checkpoint, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(before, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	signed, err := openCheckpoint([]byte(checkpoint), vkeys)
	if err != nil {
		return err
	}
	if index < 0 || index >= signed.size {
		return errors.New("the index is not in the tree")
	}
	path, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, signed.size, signed.root, index, tlog.RecordHash(record))
}

func judgeConsistency(old, new, file string, vkeys []string) error {
	var heads [2]head
	for i, name := range []string{old, new} {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if heads[i], err = openCheckpoint(data, vkeys); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	path, err := hashes(strings.Fields(string(data)))
	if err != nil {
		return err
	}
	if heads[0].size < 1 || heads[0].size > heads[1].size {
		return errors.New("the sizes are out of order")
	}
	return tlog.CheckTree(path, heads[1].size, heads[1].root, heads[0].size, heads[0].root)
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		found = append(found, hash)
	}
	return found, nil
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
