// The form on a result's page that corrects its boxes and digits.

import { BoxEditor } from "./editor.js";

const details = document.querySelector(".correct");
new BoxEditor(details.querySelector("form")).start();
if (location.hash === "#correct") details.open = true;
