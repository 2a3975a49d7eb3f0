throw new Error("there is no stand-in of azuread yet: use the official plugin");
