__all__ = ['ttypes', 'constants', 'Uuids']
