/** What MLflow's auth app wants for its page of sign-up, which nobody asks for in tests: a folder for its Python's path. */
export const flaskWtf = { flask_wtf: { '__init__.py': '', 'csrf.py': 'class CSRFProtect:\n    def init_app(self, app): pass\n    def exempt(self, view): return view\n' } }
