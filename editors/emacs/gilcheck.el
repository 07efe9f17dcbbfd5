;;; gilcheck.el --- gilcheck for Eglot -*- lexical-binding: t -*-

;; Emacs 29 and later have Eglot; for older ones it is on GNU ELPA.
;; (load "…/gilcheck.el"), then M-x eglot in a Python buffer, or:
;; (add-hook 'python-mode-hook #'eglot-ensure)

;;; Code:

(require 'eglot)

(defvar gilcheck-command '("gilcheck" "server")
  "The program that is run, with its arguments.")

;; Eglot has one server a buffer: with this, gilcheck is that of Python.
(add-to-list 'eglot-server-programs
             `((python-mode python-ts-mode) . ,gilcheck-command))

(provide 'gilcheck)
;;; gilcheck.el ends here
