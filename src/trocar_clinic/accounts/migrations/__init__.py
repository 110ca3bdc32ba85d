"""Migrations, made by Django."""
