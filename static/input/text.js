// Texts come from the page, where they are translated: "{name} is not a picture."

export const fill = (text, values) => text.replace(/{(\w+)}/g, (_, name) => values[name]);
