/**
 * The form's only asset. Colours come in pairs with a contrast of 7 : 1 or more, both buttons of a choice have one
 * look and one size, and targets are at least 44 px high (WCAG 2.2, 1.4.6 and 2.5.5).
 */
export const stylesheet = `:root {
  color-scheme: light dark;
  --page: #ffffff;
  --text: #1b1b1f;
  --line: #6b6b76;
  --mark: #eef1f8;
  --button: #f4f4f7;
  --focus: #1a4fd0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16161a;
    --text: #ececf1;
    --line: #9a9aa6;
    --mark: #23283a;
    --button: #2a2a32;
    --focus: #9db8ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1.0625rem/1.55 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 0.5rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
section { border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem; margin: 1.25rem 0; }
.notice { background: var(--mark); border-inline-start: 0.3rem solid var(--focus); padding: 0.75rem 1rem; }
.choice { display: flex; flex-wrap: wrap; gap: 0.75rem; margin: 1rem 0; }
.choice button {
  flex: 1 1 12rem;
  min-height: 2.75rem;
  padding: 0.5rem 1rem;
  border: 2px solid var(--line);
  border-radius: 0.4rem;
  background: var(--button);
  color: var(--text);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
.choice button:hover { border-color: var(--focus); }
.choice button:disabled { cursor: not-allowed; font-style: italic; border-style: dashed; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
summary { cursor: pointer; padding: 0.5rem 0; font-weight: 600; }
dl { margin: 0.5rem 0; }
dt { font-weight: 600; margin-top: 0.75rem; }
dd { margin: 0.25rem 0 0.25rem 1rem; }
.for-readers {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
`
