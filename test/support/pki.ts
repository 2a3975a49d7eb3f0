export * from "../../bench/support/pki";
