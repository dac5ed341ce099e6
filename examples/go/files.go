package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// writeDurably replaces a file so that neither a crash nor a power cut loses it, and nobody else can read it: the file
// is the old one or the new one, and when this returns it is the new one.
func writeDurably(path, text string) error {
	folder, name := filepath.Split(path)
	temporary := filepath.Join(folder, "."+name+".keyturn-new")
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.WriteString(text); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// removeDurably removes a file, for good even if the power fails.
func removeDurably(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// readPrivate reads a file that holds a secret; empty if there is none. One that others may read ends the program.
func readPrivate(path string) (string, error) {
	about, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if about.Mode().Perm()&0o077 != 0 {
		return "", usageError{fmt.Sprintf("%s holds a secret, and others may use it: chmod 600 %s", path, path)}
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// readToken reads a token from a file, without the white space around it.
func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", usageError{fmt.Sprintf("no token: %v", err)}
	}
	return strings.TrimSpace(string(text)), nil
}

// lockFolder makes the folder if need be and keeps other runs out of it until this process ends, however it ends: the
// operating system frees the lock. It is the lock that `keyturn rotate` takes, too.
func lockFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return usageError{err.Error()}
	}
	if err := syncFolder(filepath.Dir(filepath.Clean(path))); err != nil {
		return err
	}
	// Never closed: closing any descriptor of the file would free the lock.
	file, err := syscall.Open(filepath.Join(path, "lock"), syscall.O_RDWR|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return usageError{fmt.Sprintf("%s cannot be locked: %v", path, err)}
	}
	if err := syscall.FcntlFlock(uintptr(file), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK}); err != nil {
		return fmt.Errorf("another run works on %s: %w", path, err)
	}
	return nil
}
