-- Months are columns, years are rows: one row a month.
SELECT "Cities, provincies", "Year" || '-' || lpad(list_position([
    'Jan.', 'Feb.', 'March', 'April', 'May', 'June', 'July', 'Aug.', 'Sep.', 'Oct.', 'Nov.', 'Dec'
  ], month)::VARCHAR, 2, '0') AS period, figure, _part, _row
FROM raw UNPIVOT (figure FOR month IN (
  "Jan.", "Feb.", "March", "April", "May", "June", "July", "Aug.", "Sep.", "Oct.", "Nov.", "Dec"
))
