;;; What a user of Emacs does: open, look, take the quick fix, save.  -*- lexical-binding: t -*-

;; -Q leaves Debian's packages out.
(when (< emacs-major-version 29)
  (dolist (folder (append (file-expand-wildcards "/usr/share/emacs/site-lisp/elpa/*")
                          (file-expand-wildcards "/usr/share/emacs/site-lisp/elpa-src/*")))
    (add-to-list 'load-path folder)))

(setq gilcheck-command (list (getenv "GILCHECK") "server"))
(load (getenv "GILCHECK_EL"))
(require 'flymake)
(setq eglot-sync-connect 10
      eglot-send-changes-idle-time 0.1
      eglot-confirm-server-initiated-edits nil
      eglot-confirm-server-edits nil
      make-backup-files nil)

(defun say (&rest words) (princ (concat (apply #'format words) "\n")))

(defun wait-for (what done)
  (let ((end (+ (float-time) 15)))
    (while (and (< (float-time) end) (not (funcall done)))
      (accept-process-output nil 0.05)))
  (unless (funcall done)
    (say "FAILED: %s" what)
    (kill-emacs 1)))

(defun findings () (flymake-start) (flymake-diagnostics))

(find-file (getenv "DEMO"))
(python-mode)
(apply #'eglot (eglot--guess-contact))
(flymake-mode 1)
(wait-for "two findings expected" (lambda () (= 2 (length (findings)))))
(let ((first (car (sort (findings) (lambda (a b) (< (flymake-diagnostic-beg a) (flymake-diagnostic-beg b)))))))
  (say "finding: %s" (car (split-string (flymake-diagnostic-text first) "\n")))
  (goto-char (flymake-diagnostic-beg first))
  (unless (= 8 (line-number-at-pos))
    (say "FAILED: a finding expected in row 8, not %d" (line-number-at-pos))
    (kill-emacs 1)))
(let* ((actions (eglot-code-actions (line-beginning-position) (line-end-position) "quickfix"))
       (action (seq-find (lambda (it) (string-prefix-p "Ignore GIL101" (plist-get it :title))) actions)))
  (unless action (say "FAILED: no quick fix") (kill-emacs 1))
  (if (fboundp 'eglot-execute)
      (eglot-execute (eglot-current-server) action)
    (eglot--apply-workspace-edit (plist-get action :edit))))
(save-buffer)
(wait-for "one finding expected after the quick fix" (lambda () (= 1 (length (findings)))))
(say "done")
(eglot-shutdown (eglot-current-server))
